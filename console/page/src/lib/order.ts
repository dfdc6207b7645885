// The order of the list, and how it holds still while someone points at it. No DOM, no clock.

import type { AlertRow, Grade } from "./types.ts";

export const GRADES: readonly Grade[] = ["red", "orange", "yellow", "blue"];

export const ROMAN: Record<Grade, string> = { red: "I", orange: "II", yellow: "III", blue: "IV" };

export function isUnacknowledged(row: AlertRow): boolean {
  return row.state === "unack" || row.state === "rtnun";
}

/** What is unacknowledged first, gravest first; within a grade what is still active, then the newest. */
export function compareRows(a: AlertRow, b: AlertRow): number {
  return (
    rank(a) - rank(b) ||
    GRADES.indexOf(a.grade) - GRADES.indexOf(b.grade) ||
    STATES.indexOf(a.state) - STATES.indexOf(b.state) ||
    (b.opened ?? b.time).localeCompare(a.opened ?? a.time) ||
    a.id.localeCompare(b.id)
  );
}

const STATES: readonly string[] = ["unack", "rtnun", "acked", "closed"];

function rank(row: AlertRow): number {
  return isUnacknowledged(row) ? 0 : 1;
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
