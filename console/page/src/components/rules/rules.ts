// What the web API answers about the rules (docs/console.md), and what its parts share.

import { call } from "../../lib/api.ts";
import { view } from "../../lib/console.svelte.ts";
import { clock, date, span as spanIn } from "../../lib/format.ts";
import { language } from "../../lib/i18n.svelte.ts";
import type { AlertRow, Arrangement, Grade, Reached, Text } from "../../lib/types.ts";

export const SECTIONS = ["routes", "silences", "maintenance", "duty", "detectors", "incidents"] as const;
export type Section = (typeof SECTIONS)[number];
export const DAY_MS = 86_400_000;

export interface Route {
  path: string;
  receiver: string | null;
  matchers: string[];
  carry_on: boolean;
  grouping: { by: string[]; wait_s: number; interval_s: number; repeat_interval_s: number | null } | null;
  mute: string[];
  active: string[];
  muted: { until_ms: number; reason: Text } | null;
  escalation: string | null;
  told: number;
  held: number;
  last_ms: number | null;
  routes: Route[];
}

export interface Called {
  id: string;
  schedule: boolean;
  name: Text;
}

export interface Step {
  after_s: number;
  call: Called[];
  last: boolean;
}

export interface Rules {
  now_ms: number;
  files: Record<string, string | null>;
  loaded_ms: number;
  whole: boolean;
  tree: Route;
  receivers: Record<string, string[]>;
  inhibit: { path: string; source: string[]; target: string[]; equal: string[] }[];
  limits: { receiver: string; count: number; per_s: number }[];
  default_chain: string | null;
  chains: { name: string; last_resort: Called; grades: Partial<Record<Grade, Step[]>> }[] | null;
}

export interface Silence {
  id: string;
  matchers: string[];
  by: string;
  second: string | null;
  comment: string;
  since_ms: number;
  until_ms: number;
  holding?: number;
}

/** A silence that is over; `ended_by` null: it ran out. */
export interface EndedSilence extends Silence {
  ended_ms: number;
  ended_by: string | null;
  reason: string;
}

export interface StandIn {
  people: string[];
  from_ms: number;
  until_ms: number;
  by: string;
  reason: string;
}

export interface Explanation {
  at_ms: number;
  live: boolean;
  alert: { grade: Grade; kind: string; sensor: string | null; source: string | null };
  routes: (Reached & { route: string; matched: boolean; after_s: number | null; reason: Text })[];
  calls: (Reached & { person: string; name: Text; after_s: number | null; reason: Text })[];
  silences: Silence[];
  overrides: ({ schedule: string } & StandIn)[];
}

export interface Turn {
  from_ms: number;
  until_ms: number;
  people: string[];
  crew: string | null;
  shift: string | null;
  override: StandIn | null;
  reason: Text;
}

export interface Duty {
  now_ms: number;
  people: { id: string; name: Text; receivers: string[] }[];
  schedules: { name: string; zone: string; overrides: StandIn[]; turns: Turn[] }[];
}

export interface Setting {
  name: string;
  value: number | null;
  packaged: number | null;
  origin: "default" | "type" | "sensor";
}

export interface BackTest {
  name: string;
  fault: string;
  report: {
    source: string;
    old: string;
    new: string;
    sensors: number;
    days: number;
    total: BackTestLine;
    kinds: Record<string, BackTestLine>;
    made: string;
    begins: string | null;
    ends: string | null;
    old_print: string;
    new_print: string;
  } | null;
}

export interface BackTestLine {
  old: number;
  new: number;
  old_per_sensor_day: number | null;
  new_per_sensor_day: number | null;
  gained: number;
  lost: number;
  earlier: number;
  later: number;
  same: number;
  median_shift_s: number | null;
}

export interface Incident {
  id: string;
  source: string;
  opened_ms: number;
  grade: Grade;
  confirmed: boolean;
  size: number;
  open: number;
  first_out: { alert: string; sensor: string; time: string; title: Text };
  sensors: string[];
}

export interface WholeIncident extends Incident {
  open_alerts: string[];
  closed_alerts: string[];
  timeline: { time_ms: number; what: string; alert: string | null; sensor: string | null; grade: Grade | null; title: Text | null; by: string | null; text: string | null }[];
  left_out: number;
}

/** What holds alerts back, or will, and what a change of it names, so that nobody changes what they have not seen. */
export interface Standing extends Arrangement {
  version: string;
}

/** Works that have not begun. */
export interface Planned extends Standing {
  /** The alarms file announces them, and no person in the console. */
  of_settings: boolean;
}

/** Give a command; null when it counts, else why not. */
export async function give(path: string, body: unknown): Promise<(() => string) | null> {
  if (!view.commandsAllowed) return () => language.t.refusedOffline;
  const answer = await call<unknown>(path, { body });
  if (answer.ok) return null;
  const text = answer.text;
  return () => (text ? language.of(text) : language.t.refusedNoAnswer);
}

export function at(ms: number): string {
  return `${date(ms)} ${clock(ms).slice(0, 5)}`;
}

export function span(seconds: number): string {
  return spanIn(language.t, seconds);
}

export function afterwards(seconds: number): string {
  return seconds <= 0 ? language.t.rules.atOnce : language.t.rules.after(span(Math.round(seconds)));
}

/** The matchers of a silence about alerts like this one; red is left out, for it needs two people. */
export function matchersLike(row: Pick<AlertRow, "enterprise" | "sensor" | "source" | "kind" | "grade">): string[] {
  const labels: [string, string | null][] = [
    ["enterprise", row.enterprise],
    ["sensor", row.sensor],
    ["source", row.sensor ? null : row.source],
    ["kind", row.kind],
  ];
  const asked = labels.flatMap(([label, value]) => (value ? [`${label}=${value}`] : []));
  return row.grade === "red" ? asked : [...asked, "grade!=red"];
}
