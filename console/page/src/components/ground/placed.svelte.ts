// Places of the overview as marks on a map or plan.

import { language } from "../../lib/i18n.svelte.ts";
import { opened, type PlaceNode, sum, worst } from "../../lib/places.ts";
import type { Counts } from "../../lib/types.ts";
import type { Mark } from "./Ground.svelte";

export interface Placed extends Mark {
  place: PlaceNode;
}

export function placed(place: PlaceNode, { x, y }: { x: number; y: number }): Placed {
  return { key: place.key, x, y, name: language.of(place.name), place };
}

export function countsOf(members: Placed[]): Counts {
  return sum(members.map((one) => one.place.counts));
}

/** The name of the first, and how many more there are. */
export function nameOf(members: Mark[]): string {
  const first = members[0]?.name ?? "";
  return members.length > 1 ? `${first} + ${members.length - 1}` : first;
}

export function saidOf(members: Placed[]): string {
  const { t } = language;
  const counts = countsOf(members);
  const grade = worst(counts);
  return `${nameOf(members)}: ${grade ? `${t.grade[grade]} · ${t.sourcePage.open(opened(counts))}` : t.sourcePage.calm}`;
}
