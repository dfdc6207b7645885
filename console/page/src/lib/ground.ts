// What stands on a map or plan: marks that would cover each other become one, and labels that would are left out. No DOM.

export interface Pixel {
  x: number;
  y: number;
}

/** Gather what lies nearer to each other than `apart`; each group stands where its first member does. */
export function gather<T extends Pixel>(points: readonly T[], apart: Pixel): (Pixel & { members: T[] })[] {
  const groups: (Pixel & { members: T[] })[] = [];
  for (const point of points) {
    const near = groups.find((one) => Math.abs(one.x - point.x) < apart.x && Math.abs(one.y - point.y) < apart.y);
    if (near) near.members.push(point);
    else groups.push({ x: point.x, y: point.y, members: [point] });
  }
  return groups;
}

/** Those that keep clear of what is taken and of each other, the first of them first. */
export function clear<T extends Pixel>(points: readonly T[], taken: readonly Pixel[], apart: Pixel): T[] {
  const kept: T[] = [];
  for (const point of points) {
    const covers = (one: Pixel): boolean => Math.abs(one.x - point.x) < apart.x && Math.abs(one.y - point.y) < apart.y;
    if (!taken.some(covers) && !kept.some(covers)) kept.push(point);
  }
  return kept;
}

/** The middle of positions, null where there are none. */
export function middle(points: readonly Pixel[]): Pixel | null {
  if (points.length === 0) return null;
  const sum = points.reduce((total, { x, y }) => ({ x: total.x + x, y: total.y + y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}

/** Where an arrow that flies with the wind points: degrees clockwise from the plan's up. */
export function windArrow(fromDeg: number, northDeg: number): number {
  return (((fromDeg + 180 + northDeg) % 360) + 360) % 360;
}
