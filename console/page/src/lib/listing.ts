// The list as it stands: in order at the cost of a search for each event, gathered by incident where asked,
// and held still while someone is at it. No DOM, no clock.

import type { AlertRow, Grade } from "./types.ts";

/** Alerts of one incident that stand together, under a line of their own. */
export interface Group {
  id: string;
  incident: string;
  members: readonly AlertRow[];
  open: boolean;
  grade: Grade;
  /** All alerts that ever were of it, also closed ones. */
  size: number;
  firstOut: { alert: string; sensor: string; time: string; title: AlertRow["title"] } | null;
}

export type Item = AlertRow | Group;

export interface Arrangement {
  passes: (row: AlertRow) => boolean;
  compare: (a: AlertRow, b: AlertRow) => number;
  grouped: boolean;
}

/** What has come while the list was held still. */
export interface Waiting {
  count: number;
  gravest: AlertRow | null;
}

export function isGroup(item: Item): item is Group {
  return "members" in item;
}

export class Listing {
  #shape: Arrangement;
  /** The newest of every alert that is open, and of those that closed while the list was held still. */
  #rows = new Map<string, AlertRow>();
  /** Those that pass, in order, and as they stood when they were put there. */
  #sorted: AlertRow[] = [];
  #placed = new Map<string, AlertRow>();
  #opened = new Set<string>();
  #still: Item[] | null = null;
  #shown = new Set<string>();
  #waiting = new Set<string>();

  constructor(shape: Arrangement) {
    this.#shape = shape;
  }

  get size(): number {
    return this.#sorted.length;
  }

  get still(): boolean {
    return this.#still !== null;
  }

  row(id: string): AlertRow | undefined {
    return this.#rows.get(id);
  }

  /** Every alert that is known, in no order. */
  rows(): Iterable<AlertRow> {
    return this.#rows.values();
  }

  /** Take all rows anew; who holds the list still goes on seeing what he sees. */
  load(rows: Iterable<AlertRow>): void {
    const kept = [...this.#rows.values()].filter((row) => this.#shown.has(row.id));
    this.#rows = new Map([...rows].map((row) => [row.id, row]));
    if (this.#still) for (const row of kept) if (!this.#rows.has(row.id)) this.#rows.set(row.id, { ...row, state: "closed" });
    this.#resort();
  }

  /** Show others, in another order, or otherwise gathered: whoever asks for that sees all anew. */
  reshape(shape: Arrangement): void {
    this.#shape = shape;
    this.#resort();
    if (this.#still) this.#freeze();
  }

  put(row: AlertRow): void {
    this.#rows.set(row.id, row);
    this.#take(row.id);
    if (row.state === "closed") {
      if (!this.#shown.has(row.id)) this.#rows.delete(row.id);
    } else if (this.#shape.passes(row)) {
      this.#sorted.splice(this.#find(row), 0, row);
      this.#placed.set(row.id, row);
      if (this.#still && !this.#shown.has(row.id)) this.#waiting.add(row.id);
    }
  }

  /** Begin or end to hold still. */
  hold(still: boolean): void {
    if (still === this.still) return;
    if (still) this.#freeze();
    else this.#release();
  }

  /** Let in what waits, and go on holding still where that was so. */
  letIn(): void {
    const still = this.still;
    this.#release();
    if (still) this.#freeze();
  }

  /** What stands in the list, from its top. */
  items(): readonly Item[] {
    return this.#still ?? this.#arranged();
  }

  waiting(): Waiting {
    let gravest: AlertRow | null = null;
    for (const id of this.#waiting) {
      const row = this.#placed.get(id);
      if (row && (gravest === null || this.#shape.compare(row, gravest) < 0)) gravest = row;
    }
    return { count: this.#waiting.size, gravest };
  }

  /** Show or hide the alerts under an incident's line. */
  toggle(group: Group): void {
    const open = !this.#opened.has(group.incident);
    if (open) this.#opened.add(group.incident);
    else this.#opened.delete(group.incident);
    const at = this.#still?.findIndex((item) => item.id === group.id) ?? -1;
    if (!this.#still || at < 0) return;
    const now = { ...group, open };
    const below = open ? 0 : group.members.length;
    const members = open ? group.members : [];
    this.#still = [...this.#still.slice(0, at), now, ...members, ...this.#still.slice(at + 1 + below)];
  }

  #take(id: string): void {
    this.#waiting.delete(id);
    const before = this.#placed.get(id);
    if (!before) return;
    this.#sorted.splice(this.#find(before), 1);
    this.#placed.delete(id);
  }

  /** Where a row stands, or would: the order is total. */
  #find(row: AlertRow): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = this.#sorted[middle];
      if (there !== undefined && this.#shape.compare(there, row) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #resort(): void {
    this.#sorted = [...this.#rows.values()].filter((row) => row.state !== "closed" && this.#shape.passes(row));
    this.#sorted.sort(this.#shape.compare);
    this.#placed = new Map(this.#sorted.map((row) => [row.id, row]));
    this.#waiting = new Set(this.#still ? this.#sorted.map((row) => row.id).filter((id) => !this.#shown.has(id)) : []);
  }

  #freeze(): void {
    this.#still = [...this.#arranged()];
    this.#shown = new Set(this.#sorted.map((row) => row.id));
    this.#waiting = new Set();
  }

  #release(): void {
    this.#still = null;
    this.#shown = new Set();
    this.#waiting = new Set();
    for (const [id, row] of this.#rows) if (row.state === "closed") this.#rows.delete(id);
  }

  /** An incident stands where the first of its alerts would; one of a single alert is that alert. */
  #arranged(): readonly Item[] {
    if (!this.#shape.grouped) return [...this.#sorted];
    const together = new Map<string, AlertRow[]>();
    for (const row of this.#sorted) {
      const incident = row.why.incident?.id ?? row.id;
      const members = together.get(incident);
      if (members) members.push(row);
      else together.set(incident, [row]);
    }
    const items: Item[] = [];
    for (const [incident, members] of together) {
      const [only] = members;
      if (members.length === 1 && only) items.push(only);
      else {
        const group = groupOf(incident, members, this.#opened.has(incident));
        items.push(group);
        if (group.open) items.push(...members);
      }
    }
    return items;
  }
}

const GRAVEST_FIRST: readonly Grade[] = ["red", "orange", "yellow", "blue"];

function groupOf(incident: string, members: readonly AlertRow[], open: boolean): Group {
  // The newest line knows best how large the incident is.
  const newest = members.reduce((a, b) => (b.seq > a.seq ? b : a));
  const said = newest.why.incident;
  const grades = [said?.grade, ...members.map((row) => row.grade)];
  return {
    id: `incident:${incident}`,
    incident,
    members,
    open,
    grade: GRAVEST_FIRST.find((grade) => grades.includes(grade)) ?? newest.grade,
    size: Math.max(said?.size ?? 0, members.length),
    firstOut: said?.first_out ?? null,
  };
}
