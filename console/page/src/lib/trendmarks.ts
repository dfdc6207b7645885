// What a chart marks of a sensor: its limits by name, and what its instrument can see.

import type { Marks } from "./chart.ts";
import type { Trend } from "./types.ts";

const GRAVE = new Set(["hh", "ll", "design"]);
const LOW = new Set(["l", "ll"]);

export function limitMarks(trend: Trend | null, names: Readonly<Record<string, string>>): Pick<Marks, "limits" | "rangeLo" | "rangeHi"> {
  return {
    limits: Object.entries(trend?.limits ?? {}).map(([name, value]) => ({ name, label: names[name] ?? name, value, grave: GRAVE.has(name) })),
    rangeLo: trend?.range[0] ?? null,
    rangeHi: trend?.range[1] ?? null,
  };
}

/** The side of an alert's limit, null where it has none. */
export function onSide(limitName: string | null): Marks["side"] {
  return limitName === null ? null : LOW.has(limitName) ? "low" : "high";
}
