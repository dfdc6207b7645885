// Which page is shown; it stands in the address, so that a page can be kept, sent and gone back to.

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
export type PageName = (typeof PAGES)[number] | (typeof OF_ONE)[number];

function read(): { name: PageName; rest: string } {
  const [name = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  const known = [...PAGES, ...OF_ONE].find((page) => page === name);
  return { name: known ?? "alarms", rest: known ? rest.map(decode).join("/") : "" };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
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
