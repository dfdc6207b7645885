// A hazard source's sensors with what stands at each of them. No DOM, no clock.

import type { Reading, SensorFacts, Shown, SourceNow } from "../components/source/types.ts";
import type { Arrangement } from "./types.ts";
import { GRADES } from "./order.ts";
import type { AlertRow } from "./types.ts";

const NOTHING: Reading = { t_ms: null, value: null, health: ["never"] };

/** Join each sensor with its reading, its gravest alert and what holds its alerts back, be it at the sensor, its equipment or the source. */
export function shownOf(sensors: readonly SensorFacts[], source: string, now: SourceNow | null): Shown[] {
  const alerts = new Map<string, AlertRow>();
  for (const row of now?.alerts ?? []) {
    const before = row.sensor === null ? undefined : alerts.get(row.sensor);
    if (row.sensor !== null && (!before || GRADES.indexOf(row.grade) < GRADES.indexOf(before.grade))) alerts.set(row.sensor, row);
  }
  const holds = (one: Arrangement, facts: SensorFacts): boolean => {
    if (one.place.kind === "source") return one.place.id === source;
    return one.place.id === (one.place.kind === "equipment" ? facts.equipment : facts.id);
  };
  return sensors.map((facts) => ({
    facts,
    reading: now?.sensors[facts.id] ?? NOTHING,
    alert: alerts.get(facts.id) ?? null,
    held: (now?.arrangements ?? []).filter((one) => holds(one, facts)),
  }));
}

export type Shape = "tank" | "sphere" | "drum" | "column" | "pipe" | "pump" | "compressor" | "arm" | "box";

/** How equipment is drawn, by the word that the plant file has for its kind; whatever it does not know is a box. */
const SHAPES: ReadonlyMap<string, Shape> = new Map(Object.entries({
  tank: "tank",
  storage_tank: "tank",
  refrigerated_tank: "tank",
  silo: "tank",
  sphere: "sphere",
  gasholder: "sphere",
  drum: "drum",
  vessel: "drum",
  receiver: "drum",
  bullet: "drum",
  separator: "drum",
  exchanger: "drum",
  column: "column",
  tower: "column",
  reactor: "column",
  absorber: "column",
  pipe: "pipe",
  header: "pipe",
  valve: "pipe",
  pump: "pump",
  compressor: "compressor",
  blower: "compressor",
  loading_arm: "arm",
} satisfies Record<string, Shape>));

export function shapeOf(kind: string): Shape {
  return SHAPES.get(kind.trim().toLowerCase()) ?? "box";
}
