// What the trends page shows, as it stands in the address and in a saved view; and what is exported of it.

import type { Trend } from "./types.ts";

export const PERIODS = {
  m1: 60_000,
  m10: 600_000,
  h1: 3_600_000,
  h8: 28_800_000,
  h24: 86_400_000,
  d7: 604_800_000,
  d30: 2_592_000_000,
  y1: 31_536_000_000,
} as const;
export type Period = keyof typeof PERIODS;

export const MOST_SENSORS = 8;
const SHORTEST_MS = 1000;
const LONGEST_MS = 10 * PERIODS.y1;
/** Between ids in the address; no id has it, for points tables are cut at it. */
const BETWEEN = "\n";
/** What begins with it says how to show them. */
const HOW = "?";

export interface TrendView {
  sensors: string[];
  period: Period;
  /** Sensors of one unit on one axis; else each on its own. */
  shared: boolean;
  /** A stretch that stands still, ms; null: the period up to now. */
  fixed: { fromMs: number; toMs: number } | null;
}

function isPeriod(text: string): text is Period {
  return Object.hasOwn(PERIODS, text);
}

/** Read what an address says; what makes no sense in it is left out. */
export function viewOf(rest: string): TrendView {
  const parts = rest.split(BETWEEN).filter((part) => part !== "");
  const how = new URLSearchParams(parts.findLast((part) => part.startsWith(HOW))?.slice(HOW.length) ?? "");
  const sensors = [...new Set(parts.filter((part) => !part.startsWith(HOW)))].slice(0, MOST_SENSORS);
  const period = how.get("p") ?? "";
  const [fromMs, toMs] = [Number(how.get("f") ?? Number.NaN), Number(how.get("t") ?? Number.NaN)];
  const sound = Number.isFinite(fromMs) && Number.isFinite(toMs) && fromMs >= 0;
  return {
    sensors,
    period: isPeriod(period) ? period : "h1",
    shared: how.get("s") === "1",
    fixed: sound ? within(fromMs, toMs) : null,
  };
}

/** Return a stretch that is neither too short nor too long to look at, around the same middle. */
export function within(fromMs: number, toMs: number): { fromMs: number; toMs: number } {
  const middle = (fromMs + toMs) / 2;
  const half = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, Math.abs(toMs - fromMs))) / 2;
  const from = Math.max(0, Math.round(middle - half));
  return { fromMs: from, toMs: Math.max(from + SHORTEST_MS, Math.round(middle + half)) };
}

export function restOf(view: TrendView): string {
  const how = new URLSearchParams();
  if (view.period !== "h1") how.set("p", view.period);
  if (view.shared) how.set("s", "1");
  if (view.fixed) {
    how.set("f", String(Math.round(view.fixed.fromMs)));
    how.set("t", String(Math.round(view.fixed.toMs)));
  }
  const text = how.toString();
  return [...view.sensors, ...(text ? [`${HOW}${text}`] : [])].join(BETWEEN);
}

/** A field of CSV; a spreadsheet must not take a name for a formula. */
function field(text: string): string {
  const safe = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** All that is shown: a row for each sensor and time (UTC), as the store merged it. */
export function csvOf(trends: readonly Trend[]): string {
  const rows = trends.flatMap((trend) =>
    trend.t_ms.map((ms, i) =>
      [new Date(ms).toISOString(), field(trend.sensor), field(trend.unit), trend.mean[i] ?? "", trend.low[i] ?? "", trend.high[i] ?? ""].join(","),
    ),
  );
  return ["time,sensor,unit,mean,low,high", ...rows, ""].join("\n");
}
