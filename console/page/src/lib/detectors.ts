// The settings of the methods in words and with units.

import type { Dictionary } from "./en.ts";
import { span, withUnit } from "./format.ts";

const UNITS: readonly [RegExp, (t: Dictionary) => string][] = [
  [/_pct_per_min$/, (t) => t.detectors.perMinute],
  [/_pct_per_h$/, (t) => t.detectors.perHour],
  [/_pct$/, () => "%"],
  [/_false_per_day$/, (t) => t.detectors.perDay],
  [/_days$/, (t) => t.detectors.days],
  [/_times$/, () => "×"],
  [/_threshold$|_sigma$|_z$|_shift$|^balance_[hk]$/, () => "σ"],
];

/** The words for a setting; of one that has none, of a newer server, its key. */
export function settingName(t: Dictionary, key: string): string {
  const words: Record<string, string> = t.detectors.settingOf;
  return words[key] ?? key;
}

/** What a setting is set to; null is off. */
export function settingValue(t: Dictionary, key: string, value: number | null): string {
  if (value === null) return t.rules.off;
  if (key === "group") return value ? t.yes : t.no;
  if (key === "vote_needed" && value === 0) return t.detectors.majority;
  if (key === "saturation_ends") return value === 1 ? t.detectors.upperEnd : t.detectors.bothEnds;
  if (key.endsWith("_s")) return span(t, value);
  return withUnit(value, UNITS.find(([ending]) => ending.test(key))?.[1](t));
}
