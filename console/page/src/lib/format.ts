// How numbers and times are written. Times are shown in the browser's zone; what time it is comes from the server.

import type { Dictionary } from "./en.ts";
import type { Text } from "./types.ts";

const ASCII = /^[\x20-\x7e]+$/;
const pad = (n: number): string => String(n).padStart(2, "0");

/** At most `digits` significant digits, no exponent for plant-sized numbers, a real minus sign. */
export function number(value: number | null | undefined, digits = 5): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text = size !== 0 && (size >= 1e9 || size < 1e-4) ? value.toExponential(2) : String(Number(value.toPrecision(digits)));
  return text.replace("-", "\u2212");
}

export function withUnit(value: number | null | undefined, unit: string | null | undefined): string {
  const text = number(value);
  return unit && text !== "–" ? `${text}\u00a0${unit}` : text;
}

export function clock(ms: number): string {
  const d = new Date(ms);
  return `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
}

export function date(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
}

/** The zone of the times shown, such as UTC+8. */
export function zone(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset();
  const sign = minutes < 0 ? "\u2212" : "+";
  const rest = Math.abs(minutes) % 60;
  return `UTC${sign}${Math.floor(Math.abs(minutes) / 60)}${rest ? `:${pad(rest)}` : ""}`;
}

/** A time of day where it is today, with its date where it is not. */
export function moment(text: string | null | undefined, nowMs: number): string {
  const ms = text ? Date.parse(text) : Number.NaN;
  if (!Number.isFinite(ms)) return "–";
  return date(ms) === date(nowMs) ? clock(ms) : `${date(ms).slice(5)} ${clock(ms)}`;
}

/** A text of the server with the UTC times inside it told in the zone shown, which is named beside them. */
export function withLocalTimes(text: string): string {
  return text.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z/g, (time) => {
    const ms = Date.parse(time);
    return Number.isFinite(ms) ? `${date(ms)} ${clock(ms)} ${zone(ms)}` : time;
  });
}

/** Minutes and seconds left, hours where there are any; never below zero. */
export function countdown(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const head = s >= 3600 ? `${Math.floor(s / 3600)}:${pad(Math.floor((s % 3600) / 60))}` : String(Math.floor(s / 60));
  return `${head}:${pad(s % 60)}`;
}

/** A span in the greatest unit that leaves it whole. */
export function span(t: Dictionary, seconds: number): string {
  if (seconds >= 3600 && seconds % 3600 === 0) return t.hours(seconds / 3600);
  return seconds >= 60 && seconds % 60 === 0 ? t.minutes(seconds / 60) : t.seconds(seconds);
}

/** Seconds until the limit is reached, as forecast when the alert's event was made; null without a forecast. */
export function secondsLeft(time: string, forecastS: number | null, nowMs: number): number | null {
  if (forecastS === null) return null;
  const left = (Date.parse(time) - nowMs) / 1000 + forecastS;
  return Number.isFinite(left) ? left : null;
}

/** A text of a table's one column in the two languages, `液位 / level`; both are the whole text where it is not. As registry/texts.py tells them apart. */
export function inTwoLanguages(text: string): Text {
  const at = text.indexOf(" / ");
  const [first, second] = at < 0 ? ["", ""] : [text.slice(0, at).trim(), text.slice(at + 3).trim()];
  if (!first || !second || ASCII.test(first) === ASCII.test(second)) return { zh: text, en: text };
  return ASCII.test(first) ? { zh: second, en: first } : { zh: first, en: second };
}
