// A sensor as an analogue indicator: where its value and its limits stand between the ends of the scale. No DOM, no clock.

export interface Scaled {
  range: [number | null, number | null];
  limits: Record<string, number>;
}

export interface Scale {
  low: number;
  high: number;
}

/** The limits that a scale shows, from low to high; the design limit is the equipment's own and off most ranges. */
export const MARKS = ["ll", "l", "h", "hh"] as const;

/** The transmitter's range; where that is not known the limits with some room around them, null where there are none. */
export function scaleOf({ range: [low, high], limits }: Scaled): Scale | null {
  if (low !== null && high !== null && low < high) return { low, high };
  const known = Object.values(limits);
  if (known.length === 0) return null;
  const least = Math.min(...known, low ?? Infinity);
  const most = Math.max(...known, high ?? -Infinity);
  const room = Math.max((most - least) / 4, Math.abs(most) / 10, 1e-9);
  return { low: low ?? least - room, high: high ?? most + room };
}

/** Where a value stands on its scale, 0 at its lower end and 1 at its upper; what is beyond stands at the end. */
export function share(value: number, { low, high }: Scale): number {
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/** The marks of the limits that lie on the scale. */
export function marksOf(sensor: Scaled, scale: Scale): { name: (typeof MARKS)[number]; at: number }[] {
  return MARKS.flatMap((name) => {
    const limit = sensor.limits[name];
    return limit === undefined || limit < scale.low || limit > scale.high ? [] : [{ name, at: share(limit, scale) }];
  });
}

/** The path of a sparkline in a box; a gap of more than `gap` of the abscissa is not drawn over, and a lone point is a dot. */
export function sparkPath(
  t: readonly number[],
  values: readonly number[],
  span: { start: number; end: number; gap: number },
  box: { width: number; height: number },
): string {
  if (values.length === 0 || span.end <= span.start) return "";
  const low = Math.min(...values);
  const high = Math.max(...values);
  // A value that hardly moves is a line in the middle, not its noise blown up.
  const around = Math.max(high - low, Math.abs(high) * 0.005, 1e-12);
  const middle = (low + high) / 2;
  const isGap = (i: number): boolean => i <= 0 || i >= values.length || (t[i] ?? 0) - (t[i - 1] ?? 0) > span.gap;
  return values
    .map((value, i) => {
      const at = t[i] ?? 0;
      const x = ((at - span.start) / (span.end - span.start)) * box.width;
      const y = box.height / 2 - ((value - middle) / around) * (box.height - 4);
      const dot = isGap(i) && isGap(i + 1) ? "h0" : "";
      return `${isGap(i) ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}${dot}`;
    })
    .join("");
}
