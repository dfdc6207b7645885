// What the wall display picks out; no DOM, no clock.

import { isUnacknowledged } from "./order.ts";
import type { PlaceNode } from "./places.ts";
import { byGravity, opened } from "./places.ts";
import type { AlertRow } from "./types.ts";

/** The newest `n` unacknowledged alerts, newest first, and how many there are in all. */
export function newest(rows: Iterable<AlertRow>, n: number): { rows: AlertRow[]; all: number } {
  const top: AlertRow[] = [];
  let all = 0;
  for (const row of rows) {
    if (!isUnacknowledged(row)) continue;
    all += 1;
    const at = top.findIndex((other) => compare(row, other) < 0);
    if (at >= 0) top.splice(at, 0, row);
    else if (top.length < n) top.push(row);
    top.length = Math.min(top.length, n);
  }
  return { rows: top, all };
}

function compare(a: AlertRow, b: AlertRow): number {
  const [one, other] = [a.opened ?? a.time, b.opened ?? b.time];
  return one === other ? (a.id < b.id ? -1 : 1) : one > other ? -1 : 1;
}

/** The worst `n` places that have an alert open: sources, and what has no source below it. */
export function worstPlaces(root: PlaceNode, n: number): PlaceNode[] {
  const leaves: PlaceNode[] = [];
  const walk = (node: PlaceNode): void => (node.children.length ? node.children.forEach(walk) : void leaves.push(node));
  walk(root);
  return byGravity(leaves.filter((node) => opened(node.counts) > 0)).slice(0, n);
}
