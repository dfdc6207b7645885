// Which page is shown; it stands in the address, so that a page can be kept, sent and gone back to.

/** In the order of the navigation; the names stand in the addresses. */
export const PAGES = ["overview", "alarms", "trends", "system"] as const;
/** Pages that others lead to. */
const BESIDE = ["alert"] as const;
export type PageName = (typeof PAGES)[number] | (typeof BESIDE)[number];

function read(): { name: PageName; rest: string } {
  const [name = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  const known = [...PAGES, ...BESIDE].find((page) => page === name);
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
