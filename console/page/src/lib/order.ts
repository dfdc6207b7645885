// The order of the list, and how it holds still while someone points at it. No DOM, no clock.

import type { AlertRow, AlertState, Grade } from "./types.ts";

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

export type Order = "confirm" | "comment" | "reset" | "shelve" | "unshelve";

/** What an operator may say of an alert besides acknowledging it; the server has the last word. */
export function ordersFor(row: AlertRow): readonly Order[] {
  const orders: Order[] = row.why.confirmed ? [] : ["confirm"];
  if (row.state === "lunak" || row.state === "lackd") orders.push("reset");
  if (row.state === "shelved") orders.push("unshelve");
  else if (row.state === "unack" || row.state === "acked" || row.state === "lunak" || row.state === "lackd") orders.push("shelve");
  return [...orders, "comment"];
}

/** What is unacknowledged first, what is held last, gravest first; within a grade what is still active, then the newest. */
export function compareRows(a: AlertRow, b: AlertRow): number {
  return (
    rank(a) - rank(b) ||
    GRADES.indexOf(a.grade) - GRADES.indexOf(b.grade) ||
    STATES.indexOf(a.state) - STATES.indexOf(b.state) ||
    (b.opened ?? b.time).localeCompare(a.opened ?? a.time) ||
    a.id.localeCompare(b.id)
  );
}

const STATES: readonly string[] = ["unack", "lunak", "rtnun", "acked", "lackd", "out_of_service", "suppressed", "shelved", "closed"];

function rank(row: AlertRow): number {
  return isUnacknowledged(row) ? 0 : isHeld(row) ? 2 : 1;
}

export interface Listing {
  /** Ids in the order in which they are shown; one may be closed by now while the list holds still. */
  shown: readonly string[];
  /** Ids that wait to be shown, gravest first. */
  waiting: readonly string[];
}

/** Order the rows anew, or, while the list holds still, keep what is shown where it is and let the rest wait. */
export function arrange(rows: ReadonlyMap<string, AlertRow>, before: Listing, still: boolean): Listing {
  const sorted = [...rows.values()].sort(compareRows).map((row) => row.id);
  if (!still) return { shown: sorted, waiting: [] };
  const known = new Set(before.shown);
  return { shown: before.shown, waiting: sorted.filter((id) => !known.has(id)) };
}

export function countByGrade(rows: Iterable<AlertRow>): Record<Grade, { open: number; unack: number }> {
  const counts = {
    red: { open: 0, unack: 0 },
    orange: { open: 0, unack: 0 },
    yellow: { open: 0, unack: 0 },
    blue: { open: 0, unack: 0 },
  };
  for (const row of rows) {
    const count = counts[row.grade];
    if (!count) continue;
    count.open += 1;
    if (isUnacknowledged(row)) count.unack += 1;
  }
  return counts;
}
