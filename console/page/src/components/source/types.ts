// What the server tells of a hazard source; see docs/console.md.

import type { AlertRow, Arrangement, Text } from "../../lib/types.ts";

export interface SensorFacts {
  id: string;
  equipment: string | null;
  type: string;
  unit: string;
  description: string;
  limits: Record<string, number>;
  range: [number | null, number | null];
  /** East and north in the site's metres. */
  at: [number, number] | null;
}

export interface Equipment {
  id: string;
  name: Text;
  kind: string;
  design: Record<string, string>;
}

export type Duty = "principal" | "technical" | "operating";
export interface Person {
  name: Text;
  post: Text | null;
  phone: string | null;
}

export interface SourceFacts {
  id: string;
  name: Text;
  enterprise: { id: string; name: Text };
  area: string | null;
  grading: {
    grade: string | null;
    alpha: number;
    r: number;
    s: number;
    chemicals: { substance: string; quantity_t: number; critical_t: number; beta: number }[];
  };
  persons: Record<Duty, Person | null>;
  measures: Record<string, Text>;
  equipment: Equipment[];
  sensors: SensorFacts[];
  count: number;
  plan: boolean;
}

export type Health = "never" | "silent" | "bad" | "uncertain" | "out_of_range";
export interface Reading {
  t_ms: number | null;
  value: number | null;
  health: Health[];
}

export interface Wind {
  speed: number | null;
  unit: string;
  from_deg: number | null;
}

export interface SourceNow {
  sensors: Record<string, Reading>;
  alerts: AlertRow[];
  arrangements: Arrangement[];
  wind: Wind;
}

export interface Sparklines {
  start_ms: number;
  end_ms: number;
  sensors: Record<string, { t_ms: number[]; mean: number[] }>;
}

export interface LimitChange {
  sensor: string;
  limit: string;
  old: number | null;
  old_unit: string;
  new: number | null;
  unit: string;
  loaded_ms: number;
  file: string;
  written_ms: number;
}

export interface Plan {
  bounds: [number, number, number, number];
  north_deg: number;
  sources: Record<string, [number, number]>;
  geojson: GeoJSON.FeatureCollection | null;
  picture: string | null;
}

/** A sensor with all that is shown of it at once. */
export interface Shown {
  facts: SensorFacts;
  reading: Reading;
  /** The gravest open alert of the sensor. */
  alert: AlertRow | null;
  held: Arrangement[];
}
