// In which order alerts stand, and what their states mean. No DOM, no clock.

import type { AlertRow, AlertState, Grade, Lang } from "./types.ts";

export const GRADES: readonly Grade[] = ["red", "orange", "yellow", "blue"];

export const ROMAN: Record<Grade, string> = { red: "I", orange: "II", yellow: "III", blue: "IV" };

export function isUnacknowledged(row: AlertRow): boolean {
  return row.state === "unack" || row.state === "rtnun" || row.state === "lunak";
}

const OVER: ReadonlySet<AlertState> = new Set(["rtnun", "lunak", "lackd", "closed"]);
const HELD: ReadonlySet<AlertState> = new Set(["shelved", "suppressed", "out_of_service"]);

/** The condition is over, as far as the state says. */
export function isOver(row: AlertRow): boolean {
  return OVER.has(row.state);
}

/** Nobody is told of it while it is held. */
export function isHeld(row: AlertRow): boolean {
  return HELD.has(row.state);
}

export type Order = "confirm" | "comment" | "reset" | "shelve" | "unshelve" | "assign";

/** What an operator may say of an alert besides acknowledging it; the server has the last word. */
export function ordersFor(row: AlertRow): readonly Order[] {
  const orders: Order[] = row.why.confirmed ? [] : ["confirm"];
  if (row.state === "lunak" || row.state === "lackd") orders.push("reset");
  if (row.state === "shelved") orders.push("unshelve");
  else if (row.state === "unack" || row.state === "acked" || row.state === "lunak" || row.state === "lackd") orders.push("shelve");
  if (row.state !== "closed") orders.push("assign");
  return [...orders, "comment"];
}

/** What is unacknowledged first, what is held last, gravest first; within a grade what is still active, then the newest. */
export function compareRows(a: AlertRow, b: AlertRow): number {
  return (
    rank(a) - rank(b) ||
    GRADE_RANK[a.grade] - GRADE_RANK[b.grade] ||
    STATE_RANK[a.state] - STATE_RANK[b.state] ||
    -compareText(openedOf(a), openedOf(b)) ||
    compareText(a.id, b.id)
  );
}

const GRADE_RANK: Record<Grade, number> = { red: 0, orange: 1, yellow: 2, blue: 3 };
const STATE_RANK: Record<AlertState, number> = {
  unack: 0,
  lunak: 1,
  rtnun: 2,
  acked: 3,
  lackd: 4,
  out_of_service: 5,
  suppressed: 6,
  shelved: 7,
  closed: 8,
};

function rank(row: AlertRow): number {
  return isUnacknowledged(row) ? 0 : isHeld(row) ? 2 : 1;
}

/** When the alert opened; these times compare as text. */
export function openedOf(row: AlertRow): string {
  return row.opened ?? row.time;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The columns by which the list can be ordered, besides by its own order. */
export const COLUMNS = ["grade", "state", "time", "title", "value", "forecast", "place", "command"] as const;
export type Column = (typeof COLUMNS)[number];

export interface Sort {
  column: Column;
  descending: boolean;
}

type Key = number | string | null;

/** When the limit would be reached, ms since 1970: it orders as the time that is left does, and stands still. */
function deadline(row: AlertRow): Key {
  return row.forecast_s === null ? null : Date.parse(row.time) + row.forecast_s * 1000;
}

const KEYS: Record<Column, readonly ((row: AlertRow, lang: Lang) => Key)[]> = {
  grade: [(row) => GRADE_RANK[row.grade]],
  state: [(row) => STATE_RANK[row.state]],
  time: [openedOf],
  title: [(row, lang) => row.title[lang]],
  // Figures of different units are not comparable: those of one unit stand together.
  value: [(row) => (row.value === null ? null : (row.unit ?? "")), (row) => row.value],
  forecast: [deadline],
  place: [(row) => row.enterprise, (row) => row.source, (row) => row.sensor],
  command: [(row) => row.acknowledged_at],
};

/** A total order: by a column, what has nothing in it last, then as the list's own order has it. */
export function orderBy(sort: Sort | null, lang: Lang): (a: AlertRow, b: AlertRow) => number {
  if (sort === null) return compareRows;
  const keys = KEYS[sort.column];
  const sign = sort.descending ? -1 : 1;
  return (a, b) => {
    for (const key of keys) {
      const order = compareKeys(key(a, lang) ?? null, key(b, lang) ?? null, sign);
      if (order !== 0) return order;
    }
    return compareRows(a, b);
  };
}

function compareKeys(a: Key, b: Key, sign: number): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -sign : sign;
}
