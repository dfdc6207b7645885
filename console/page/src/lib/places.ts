// The overview's tree: areas, enterprises and sources with their counts added up. No DOM, no clock.

import { GRADES } from "./order.ts";
import type { Counts, Grade, Overview, Text } from "./types.ts";

export interface PlaceNode {
  /** Unique in the tree and stable: it stands in the address. */
  key: string;
  kind: "all" | "area" | "enterprise" | "source" | "elsewhere";
  name: Text;
  counts: Counts;
  children: PlaceNode[];
  /** A source's own grade by GB 18218, where it has one. */
  sourceGrade: string | null;
}

const NOTHING: Counts = { sensors: 0, alive: 0, open: {}, unacknowledged: 0 };

export function sum(parts: readonly Counts[]): Counts {
  const open: Partial<Record<Grade, number>> = {};
  for (const part of parts) for (const grade of GRADES) if (part.open[grade]) open[grade] = (open[grade] ?? 0) + part.open[grade];
  const add = (key: "sensors" | "alive" | "unacknowledged"): number => parts.reduce((total, part) => total + part[key], 0);
  return { sensors: add("sensors"), alive: add("alive"), open, unacknowledged: add("unacknowledged") };
}

/** The gravest grade that stands open, null where nothing does. */
export function worst(counts: Counts): Grade | null {
  return GRADES.find((grade) => counts.open[grade]) ?? null;
}

export function opened(counts: Counts): number {
  return GRADES.reduce((total, grade) => total + (counts.open[grade] ?? 0), 0);
}

/** Build the tree; an enterprise without a known area stands at the top. */
export function treeOf(overview: Overview, all: Text, elsewhere: Text): PlaceNode {
  const sources = new Map<string, PlaceNode[]>();
  for (const one of overview.sources) {
    const node: PlaceNode = { key: `s:${one.id}`, kind: "source", name: one.name, counts: one, children: [], sourceGrade: one.grade };
    sources.set(one.enterprise, [...(sources.get(one.enterprise) ?? []), node]);
  }
  const byArea = new Map<string | null, PlaceNode[]>();
  const known = new Set(overview.areas.map((area) => area.code));
  for (const one of overview.enterprises) {
    const area = one.area !== null && known.has(one.area) ? one.area : null;
    const node: PlaceNode = {
      key: `e:${one.id}`,
      kind: "enterprise",
      name: one.name,
      counts: one,
      children: sources.get(one.id) ?? [],
      sourceGrade: null,
    };
    byArea.set(area, [...(byArea.get(area) ?? []), node]);
  }
  const areaNode = (code: string): PlaceNode => {
    const area = overview.areas.find((one) => one.code === code);
    const below = overview.areas.filter((one) => one.parent === code).map((one) => areaNode(one.code));
    const children = [...below, ...(byArea.get(code) ?? [])];
    const counts = sum(children.map((child) => child.counts));
    return { key: `a:${code}`, kind: "area", name: area?.name ?? { zh: code, en: code }, counts, children, sourceGrade: null };
  };
  const children = [
    ...overview.areas.filter((area) => area.parent === null).map((area) => areaNode(area.code)),
    ...(byArea.get(null) ?? []),
  ];
  const lone = overview.elsewhere;
  if (lone.sensors || opened(lone)) {
    children.push({ key: "x:", kind: "elsewhere", name: elsewhere, counts: lone, children: [], sourceGrade: null });
  }
  const counts = children.length ? sum(children.map((child) => child.counts)) : NOTHING;
  return { key: "", kind: "all", name: all, counts, children, sourceGrade: null };
}

/** The way from the root to a node, both among it; the root alone where there is no such key. */
export function wayTo(root: PlaceNode, key: string): PlaceNode[] {
  if (root.key === key) return [root];
  for (const child of root.children) {
    const way = wayTo(child, key);
    if (way.at(-1)?.key === key) return [root, ...way];
  }
  return [root];
}

/** Gravest first, then most unacknowledged, then as the plant file has them. */
export function byGravity(nodes: readonly PlaceNode[]): PlaceNode[] {
  const rank = (node: PlaceNode): number => {
    const grade = worst(node.counts);
    return grade === null ? GRADES.length : GRADES.indexOf(grade);
  };
  return [...nodes].sort((a, b) => rank(a) - rank(b) || b.counts.unacknowledged - a.counts.unacknowledged);
}
