// How many alerts there are, by grade and by list; no DOM, no clock.

import { isAssigned, PRESETS, staleAt } from "./filter.ts";
import { isUnacknowledged } from "./order.ts";
import type { AlertRow, Grade } from "./types.ts";

export interface Counts {
  byGrade: Record<Grade, { open: number; unack: number }>;
  /** Of the lists that are one click away. */
  byPreset: Record<string, number>;
}

/** One walk over all rows for everything that is counted. */
export function countsOf(rows: Iterable<AlertRow>, me: string, nowMs: number): Counts {
  const byGrade = {
    red: { open: 0, unack: 0 },
    orange: { open: 0, unack: 0 },
    yellow: { open: 0, unack: 0 },
    blue: { open: 0, unack: 0 },
  };
  const presets = Object.keys(PRESETS);
  const byPreset: Record<string, number> = Object.fromEntries(presets.map((name) => [name, 0]));
  const mine = isAssigned("me", me);
  const stale = staleAt(nowMs);
  const add = (name: string): void => void (byPreset[name] = (byPreset[name] ?? 0) + 1);
  for (const row of rows) {
    const count = byGrade[row.grade];
    if (row.state === "closed" || !count) continue;
    count.open += 1;
    add("all");
    if (isUnacknowledged(row)) {
      count.unack += 1;
      add("unacknowledged");
    }
    if (row.state in byPreset) add(row.state);
    if (mine(row)) add("mine");
    if (stale(row)) add("stale");
  }
  return { byGrade, byPreset };
}
