// Which alerts the list shows; a filter stands in the address as text. No DOM, no clock.

import { COLUMNS, type Column, isHeld, isOver, isUnacknowledged, openedOf, type Sort } from "./order.ts";
import type { AlertRow, AlertState } from "./types.ts";

export const STATES: readonly AlertState[] = [
  "unack",
  "acked",
  "rtnun",
  "lunak",
  "lackd",
  "shelved",
  "suppressed",
  "out_of_service",
];

/** What stands for longer without an end is stale (ISA-18.2, EEMUA 191), hours. */
export const STALE_H = 24;

/** Fields that hold one of several values. */
export const CHOICES = ["grade", "state", "kind", "type"] as const;
/** Fields that hold where an alert is: equal, or for an area equal or inside. */
export const PLACES = ["area", "enterprise", "source", "equipment", "sensor"] as const;
const FLAGS = ["unack", "stale"] as const;
const AGES = ["older", "newer"] as const;

export interface Filter {
  grade: readonly string[];
  state: readonly string[];
  kind: readonly string[];
  type: readonly string[];
  area: string;
  enterprise: string;
  source: string;
  equipment: string;
  sensor: string;
  /** Words that must all be in what the alert says or where it is. */
  text: string;
  /** `me`, `nobody`, or to whom; empty for all. */
  assigned: string;
  unack: boolean;
  stale: boolean;
  /** Open for longer than this, minutes; null for all. */
  older: number | null;
  newer: number | null;
}

/** What the list shows, in which order, and whether gathered by incident; null: as a flood has it. */
export interface Query {
  filter: Filter;
  sort: Sort | null;
  grouped: boolean | null;
}

export const EVERYTHING: Filter = {
  grade: [],
  state: [],
  kind: [],
  type: [],
  area: "",
  enterprise: "",
  source: "",
  equipment: "",
  sensor: "",
  text: "",
  assigned: "",
  unack: false,
  stale: false,
  older: null,
  newer: null,
};

/** Lists that are one click away. */
export const PRESETS: Record<string, Partial<Filter>> = {
  all: {},
  unacknowledged: { unack: true },
  mine: { assigned: "me" },
  shelved: { state: ["shelved"] },
  suppressed: { state: ["suppressed"] },
  out_of_service: { state: ["out_of_service"] },
  stale: { stale: true },
};

const MAX_CHARS = 200;

/** Read what stands in the address; what means nothing is left out. */
export function parseQuery(text: string): Query {
  const given = new URLSearchParams(text);
  const filter: Filter = { ...EVERYTHING };
  for (const name of CHOICES) filter[name] = (given.get(name) ?? "").split(",").filter((one) => one !== "").slice(0, 30);
  for (const name of [...PLACES, "text", "assigned"] as const) filter[name] = (given.get(name) ?? "").slice(0, MAX_CHARS);
  for (const name of FLAGS) filter[name] = given.get(name) === "1";
  for (const name of AGES) filter[name] = minutes(given.get(name));
  const grouped = given.get("group");
  return { filter, sort: parseSort(given.get("sort")), grouped: grouped === null ? null : grouped === "1" };
}

function minutes(text: string | null): number | null {
  const value = Number(text ?? Number.NaN);
  return text && Number.isFinite(value) && value > 0 ? value : null;
}

function parseSort(text: string | null): Sort | null {
  const descending = text?.startsWith("-") ?? false;
  const name = descending ? text?.slice(1) : text;
  const column = COLUMNS.find((one: Column) => one === name);
  return column === undefined ? null : { column, descending };
}

/** Write it as it stands in the address; `parseQuery` reads the same again. */
export function formatQuery(query: Query): string {
  const said = new URLSearchParams();
  const { filter, sort, grouped } = query;
  for (const name of CHOICES) if (filter[name].length > 0) said.set(name, filter[name].join(","));
  for (const name of [...PLACES, "text", "assigned"] as const) if (filter[name] !== "") said.set(name, filter[name]);
  for (const name of FLAGS) if (filter[name]) said.set(name, "1");
  for (const name of AGES) if (filter[name] !== null) said.set(name, String(filter[name]));
  if (sort !== null) said.set("sort", `${sort.descending ? "-" : ""}${sort.column}`);
  if (grouped !== null) said.set("group", grouped ? "1" : "0");
  return said.toString();
}

/** Whether what passes changes by time alone. */
export function ages(filter: Filter): boolean {
  return filter.stale || filter.older !== null || filter.newer !== null;
}

export function sameFilter(a: Filter, b: Filter): boolean {
  return formatQuery({ filter: a, sort: null, grouped: null }) === formatQuery({ filter: b, sort: null, grouped: null });
}

/** Make the question whether an alert passes, for a person at a time. */
export function passing(filter: Filter, me: string, nowMs: number): (row: AlertRow) => boolean {
  const checks: ((row: AlertRow) => boolean)[] = [];
  const has = (values: readonly string[], of: (row: AlertRow) => string | null): void => {
    if (values.length > 0) checks.push((row) => values.includes(of(row) ?? ""));
  };
  has(filter.grade, (row) => row.grade);
  has(filter.state, (row) => row.state);
  has(filter.kind, (row) => row.kind);
  has(filter.type, (row) => row.sensor_type);
  for (const name of PLACES) {
    const wanted = filter[name];
    if (wanted === "") continue;
    if (name === "area") checks.push((row) => liesIn(row.area, wanted));
    else checks.push((row) => row[name] === wanted);
  }
  if (filter.unack) checks.push(isUnacknowledged);
  if (filter.stale) checks.push(staleAt(nowMs));
  const { older, newer } = filter;
  const oldest = older === null ? null : before(nowMs, older);
  const newest = newer === null ? null : before(nowMs, newer);
  if (oldest !== null) checks.push((row) => openedOf(row) <= oldest);
  if (newest !== null) checks.push((row) => openedOf(row) >= newest);
  if (filter.assigned !== "") checks.push(isAssigned(filter.assigned, me));
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length > 0) checks.push((row) => words.every((word) => saidOf(row).includes(word)));
  return (row) => checks.every((check) => check(row));
}

/** Stands for longer than anybody should let it, and nobody holds it back. */
export function staleAt(nowMs: number): (row: AlertRow) => boolean {
  const since = before(nowMs, STALE_H * 60);
  return (row) => openedOf(row) < since && !isOver(row) && !isHeld(row);
}

/** The time so many minutes ago, as the alerts have theirs: those times compare as text, at a fraction of the cost. */
function before(nowMs: number, minutesAgo: number): string {
  return new Date(nowMs - minutesAgo * 60_000).toISOString();
}

/** Codes of GB/T 2260: 370000 has 370200 and 370211 in it. */
export function liesIn(code: string | null, area: string): boolean {
  return code !== null && code.startsWith(area.length > 2 ? area.slice(0, 2) + area.slice(2).replace(/(00)+$/, "") : area);
}

export function isAssigned(to: string, me: string): (row: AlertRow) => boolean {
  if (to === "nobody") return (row) => !row.why.assigned;
  const name = to === "me" ? me : to;
  return (row) => row.why.assigned?.to === name;
}

const SAID = new WeakMap<AlertRow, string>();

function saidOf(row: AlertRow): string {
  let said = SAID.get(row);
  if (said === undefined) {
    const parts = [row.title.zh, row.title.en, row.sensor, row.equipment, row.source, row.enterprise, row.id];
    said = parts.filter(Boolean).join("\n").toLowerCase();
    SAID.set(row, said);
  }
  return said;
}

/** What the alerts have in a field, for a list to choose from; at most `most`, in order. */
export function valuesOf(rows: Iterable<AlertRow>, field: (typeof PLACES)[number] | "kind" | "sensor_type", most: number): string[] {
  const found = new Set<string>();
  for (const row of rows) {
    const value = row[field];
    if (value) found.add(value);
  }
  return [...found].sort().slice(0, most);
}

export function toggled(values: readonly string[], value: string): string[] {
  return values.includes(value) ? values.filter((one) => one !== value) : [...values, value];
}
