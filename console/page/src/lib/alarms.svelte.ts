// The alarm list as the page shows it: what passes, in which order, what is marked, what was in view.

import { call } from "./api.ts";
import { type Counts, countsOf } from "./counts.ts";
import { ages, formatQuery, parseQuery, passing, type Filter, type Query } from "./filter.ts";
import { language } from "./i18n.svelte.ts";
import { isGroup, Listing, type Item, type Waiting } from "./listing.ts";
import { type Column, orderBy } from "./order.ts";
import { address } from "./page.svelte.ts";
import type { AlertRow, Flood, SavedFilter } from "./types.ts";

const AGING_MS = 10_000;
/** A row must stand in view for so long before it counts as looked at. */
export const LOOKED_MS = 300;

const NOBODY: Waiting = { count: 0, gravest: null };

class Alarms {
  query = $state.raw<Query>(parseQuery(""));
  items = $state.raw<readonly Item[]>([]);
  waiting = $state.raw<Waiting>(NOBODY);
  /** How many alerts pass, also those that wait or stand folded away. */
  passing = $state(0);
  counts = $state.raw<Counts>(countsOf([], "", 0));
  floods = $state.raw<readonly Flood[]>([]);
  marks = $state.raw<ReadonlySet<string>>(new Set());
  filters = $state.raw<readonly SavedFilter[]>([]);
  /** The rows as they are now, for who shows some of them; those of `items` may be older. */
  version = $state(0);
  /** Why the list holds still: the pointer is over it, a bulk selection stands. */
  pointed = $state(false);
  /** Counts up whenever rows were looked at. */
  lookedAt = $state(0);

  flooded = $derived(this.floods.length > 0);
  grouped = $derived(this.query.grouped ?? this.flooded);

  #list = new Listing({ passes: () => true, compare: orderBy(null, "en"), grouped: false });
  #me = "";
  #nowMs = 0;
  #agedMs = 0;
  #anchor: string | null = null;
  #looked = new Map<string, number>();
  /** Something is to be arranged anew as soon as the list need not hold still. */
  #due = false;

  /** Every alert that is known, in no order. */
  rows(): Iterable<AlertRow> {
    return this.#list.rows();
  }

  row(id: string): AlertRow | undefined {
    return this.#list.row(id);
  }

  // What comes from the server.

  load(rows: Iterable<AlertRow>, me: string, nowMs: number): void {
    this.#me = me;
    this.#nowMs = nowMs;
    this.#reshape();
    this.#list.load(rows);
    this.show();
  }

  put(row: AlertRow): void {
    this.#list.put(row);
    if (row.state === "closed") this.#looked.delete(row.id);
  }

  clear(): void {
    this.#list = new Listing({ passes: () => true, compare: orderBy(null, "en"), grouped: false });
    this.marks = new Set();
    this.floods = [];
    this.filters = [];
    this.#looked.clear();
    this.show();
  }

  /** Bring what is shown up to date with the rows. */
  show(): void {
    this.items = this.#list.items();
    this.waiting = this.#list.waiting();
    this.passing = this.#list.size;
    this.counts = countsOf(this.#list.rows(), this.#me, this.#nowMs);
    this.version += 1;
    this.#unmarkClosed();
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    if (!ages(this.query.filter) || Math.abs(nowMs - this.#agedMs) < AGING_MS) return;
    // What passes by its age comes and goes with time; while the list holds still it does at the next release.
    this.#anewWhenFree();
  }

  setFloods(floods: readonly Flood[]): void {
    const before = this.grouped;
    this.floods = floods;
    if (this.grouped !== before) this.#anewWhenFree();
  }

  // What a person asks for.

  /** Take over what stands in the address. */
  read(rest: string): void {
    const asked = parseQuery(rest);
    if (formatQuery(asked) === formatQuery(this.query)) return;
    this.query = asked;
    this.#anew();
  }

  ask(change: Partial<Query>): void {
    location.hash = address("alarms", formatQuery({ ...this.query, ...change }));
    this.read(formatQuery({ ...this.query, ...change }));
  }

  filter(change: Partial<Filter>): void {
    this.ask({ filter: { ...this.query.filter, ...change } });
  }

  /** By a column, then the other way round, then as the list has it. */
  sortBy(column: Column): void {
    const { sort } = this.query;
    if (sort?.column !== column) this.ask({ sort: { column, descending: false } });
    else this.ask({ sort: sort.descending ? null : { column, descending: true } });
  }

  toggle(id: string): void {
    const item = this.items.find((one) => one.id === id);
    if (!item || !isGroup(item)) return;
    this.#list.toggle(item);
    this.show();
  }

  /** In another language titles stand in another order. */
  languageChanged(): void {
    if (this.query.sort?.column === "title") this.#anew();
  }

  letIn(): void {
    this.#list.letIn();
    this.show();
  }

  point(here: boolean): void {
    this.pointed = here;
    this.#hold();
  }

  // Marks: what a command for many is about.

  mark(ids: Iterable<string>, on: boolean): void {
    const marks = new Set(this.marks);
    for (const id of ids) {
      if (on) marks.add(id);
      else marks.delete(id);
    }
    this.#setMarks(marks);
  }

  /** Mark a row or an incident's rows, or all from the one marked last to this one. */
  markTo(id: string, range: boolean): void {
    const on = range || !this.isMarked(id);
    const ids = range && this.#anchor ? this.#between(this.#anchor, id) : this.rowsOf(id);
    if (!range) this.#anchor = id;
    this.mark(ids, on);
  }

  markAll(): void {
    this.#setMarks(new Set(this.items.flatMap((item) => (isGroup(item) ? item.members.map((row) => row.id) : [item.id]))));
  }

  unmark(): void {
    this.#anchor = null;
    this.#setMarks(new Set());
  }

  /** Where a range begins. */
  anchorAt(id: string | null): void {
    if (this.marks.size === 0) this.#anchor = id;
  }

  isMarked(id: string): boolean {
    const ids = this.rowsOf(id);
    return ids.length > 0 && ids.every((one) => this.marks.has(one));
  }

  /** The alerts that a line of the list stands for. */
  rowsOf(id: string): string[] {
    if (!id.startsWith("incident:")) return [id];
    const item = this.items.find((one) => one.id === id);
    return item && isGroup(item) ? item.members.map((row) => row.id) : [];
  }

  /** These rows have stood in view for a while, as they are. */
  looked(rows: readonly AlertRow[]): void {
    let fresh = false;
    for (const row of rows) {
      fresh ||= !this.wasInView(row);
      this.#looked.set(row.id, row.seq);
    }
    if (fresh) this.lookedAt += 1;
  }

  wasInView(row: AlertRow): boolean {
    return this.#looked.get(row.id) === row.seq;
  }

  // Filters under a name.

  async loadFilters(): Promise<void> {
    const answer = await call<{ filters: SavedFilter[] }>("filters");
    if (answer.ok) this.filters = answer.body.filters;
  }

  /** Null when it is kept, else why not. */
  async saveFilter(name: string): Promise<(() => string) | null> {
    return this.#changeFilters("filters", { name, filter: formatQuery(this.query) });
  }

  async removeFilter(name: string): Promise<(() => string) | null> {
    return this.#changeFilters("filters/remove", { name });
  }

  async #changeFilters(path: string, body: unknown): Promise<(() => string) | null> {
    const answer = await call<{ filters: SavedFilter[] }>(path, { body });
    if (answer.ok) {
      this.filters = answer.body.filters;
      return null;
    }
    const text = answer.text;
    return () => (text ? language.of(text) : language.t.refusedNoAnswer);
  }

  #between(from: string, to: string): string[] {
    const at = this.items.findIndex((item) => item.id === from);
    const end = this.items.findIndex((item) => item.id === to);
    if (at < 0 || end < 0) return this.rowsOf(to);
    return this.items.slice(Math.min(at, end), Math.max(at, end) + 1).flatMap((item) => this.rowsOf(item.id));
  }

  #setMarks(marks: ReadonlySet<string>): void {
    this.marks = marks;
    this.#hold();
  }

  #unmarkClosed(): void {
    if ([...this.marks].every((id) => this.#list.row(id))) return;
    this.#setMarks(new Set([...this.marks].filter((id) => this.#list.row(id))));
  }

  /** A range that is being marked must not get other rows into it, any more than a click may hit another row. */
  #hold(): void {
    const still = this.pointed || this.marks.size > 0;
    if (still === this.#list.still) return;
    this.#list.hold(still);
    if (!still && this.#due) this.#reshape();
    this.show();
  }

  #anewWhenFree(): void {
    if (this.#list.still) this.#due = true;
    else this.#anew();
  }

  #reshape(): void {
    this.#agedMs = this.#nowMs;
    this.#due = false;
    this.#list.reshape({
      passes: passing(this.query.filter, this.#me, this.#nowMs),
      compare: orderBy(this.query.sort, language.current),
      grouped: this.grouped,
    });
  }

  #anew(): void {
    this.#reshape();
    this.show();
  }
}

export const alarms = new Alarms();
