// Which page is shown; it stands in the address, so that a page can be kept, sent and gone back to.

import type { Me } from "./types.ts";

/** In the order of the navigation; the names stand in the addresses. */
export const PAGES = [
  "overview",
  "alarms",
  "trends",
  "replay",
  "reports",
  "rules",
  "people",
  "system",
] as const;
/** Pages of one thing, which other pages lead to; they have no entry in the navigation. */
const OF_ONE = [
  "alert",
  "source",
] as const;
/** Pages that stand alone, without header or commands. */
const ALONE = [
  "wall",
] as const;
export type PageName = (typeof PAGES)[number] | (typeof OF_ONE)[number] | (typeof ALONE)[number];

function read(): { name: PageName; rest: string } {
  const [name = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  const known = [...PAGES, ...OF_ONE, ...ALONE].find((page) => page === name);
  return { name: known ?? "alarms", rest: known ? rest.map(decode).join("/") : "" };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

interface Need {
  role?: Me["role"];
  /** Only for accounts that are limited to no area and no enterprise. */
  unscoped?: true;
}

/** What an account needs to be offered a page; the server refuses what the page is made of all the same. */
const NEEDS: Partial<Record<PageName, Need>> = {
  system: { unscoped: true },
};

/** The pages of the navigation that an account is offered. */
export function offered(me: Me | null): PageName[] {
  return PAGES.filter((name) => {
    const need: Need = NEEDS[name] ?? {};
    const scoped = me !== null && (me.area !== null || me.enterprise !== null);
    return !(need.unscoped && scoped) && (need.role === undefined || need.role === me?.role);
  });
}

class PageState {
  name = $state<PageName>("alarms");
  /** What stands behind the page's name in the address: a place of the overview, sensors of the trends. */
  rest = $state("");

  constructor() {
    this.#take();
    addEventListener("hashchange", () => this.#take());
  }

  #take(): void {
    const { name, rest } = read();
    this.name = name;
    this.rest = rest;
  }
}

export const page = new PageState();

export function address(name: PageName, rest = ""): string {
  return `#/${name}${rest ? `/${encodeURIComponent(rest)}` : ""}`;
}

/** A hazard source's own page. */
export function sourceAddress(enterprise: string, source: string): string {
  return `#/source/${encodeURIComponent(enterprise)}/${encodeURIComponent(source)}`;
}
