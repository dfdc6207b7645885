// Everything the page knows, and the commands. Components read it and never fetch alerts themselves.

import { call } from "./api.ts";
import { language } from "./i18n.svelte.ts";
import { arrange, countByGrade, isUnacknowledged, type Listing, type Order } from "./order.ts";
import { SILENT_MS, Stream } from "./stream.ts";
import type { AlertRow, Alerts, Beat, Component, Me, Text } from "./types.ts";

const TICK_MS = 250;
const HEALTH_EVERY_MS = 5000;
const LOAD_RETRY_MS = 1000;
const REFUSAL_SHOWN_MS = 12_000;
export const MAX_SHOWN = 500;

export type Command = { state: "pending" } | { state: "refused"; why: () => string };

class ConsoleState {
  /** Also rows that closed while the list held still. */
  #known = new Map<string, AlertRow>();

  phase = $state<"starting" | "signed out" | "signed in">("starting");
  notice = $state<"" | "ended" | "no server">("");
  me = $state.raw<Me | null>(null);

  rows = $state.raw<ReadonlyMap<string, AlertRow>>(new Map());
  listing = $state.raw<Listing>({ shown: [], waiting: [] });
  loaded = $state(false);
  selected = $state<string | null>(null);
  /** On a small screen the detail covers the list. */
  detailOpen = $state(false);
  commands = $state<Record<string, Command>>({});
  health = $state.raw<Record<string, Component>>({});

  connected = $state(false);
  /** Nothing was heard for so long that what is shown may be wrong. */
  silent = $state(false);
  /** The server's clock, ms; it stands still while nothing is heard. */
  nowMs = $state(0);
  newestAgeS = $state<number | null>(null);
  heardMs = $state<number | null>(null);

  counts = $derived(countByGrade(this.rows.values()));
  unacknowledged = $derived(Object.values(this.counts).reduce((sum, c) => sum + c.unack, 0));
  shown = $derived(this.listing.shown.slice(0, MAX_SHOWN).flatMap((id) => this.#known.get(id) ?? []));
  current = $derived(this.selected === null ? null : (this.rows.get(this.selected) ?? this.#known.get(this.selected) ?? null));
  commandsAllowed = $derived(this.connected && !this.silent && this.loaded);

  #stream: Stream | null = null;
  #timers: ReturnType<typeof setInterval>[] = [];
  #early: AlertRow[] = [];
  #loading = false;
  #reload = false;
  #flushing = false;
  #still = false;
  #offsetMs = 0;
  #lastSeq = 0;

  async start(): Promise<void> {
    const answer = await call<Me>("me");
    if (answer.ok) this.#enter(answer.body);
    else {
      this.phase = "signed out";
      this.notice = answer.status === 0 ? "no server" : "";
    }
  }

  async signIn(name: string, password: string): Promise<Text | "no server" | null> {
    const answer = await call<Me>("login", { body: { name, password } });
    if (answer.ok) {
      this.#enter(answer.body);
      return null;
    }
    return answer.text ?? "no server";
  }

  async signOut(): Promise<void> {
    await call("logout", { body: {} });
    this.#leave("");
  }

  async acknowledge(id: string, comment = ""): Promise<void> {
    const row = this.rows.get(id);
    if (!row || !this.me?.may_acknowledge || !isUnacknowledged(row)) return;
    if (this.commands[id]?.state === "pending") return;
    if (!this.commandsAllowed) {
      this.#refuse(id, () => language.t.refusedOffline);
      return;
    }
    this.commands[id] = { state: "pending" };
    const path = `alerts/${encodeURIComponent(id)}/ack`;
    const answer = await call<{ alert: AlertRow }>(path, { body: { seq: row.seq, comment: comment.trim() || null } });
    if (answer.ok) {
      delete this.commands[id];
      this.#take(answer.body.alert);
    } else if (answer.status === 401) {
      this.#leave("ended");
    } else {
      const text = answer.text;
      this.#refuse(id, () => (text ? language.of(text) : language.t.refusedNoAnswer));
    }
  }

  /** Give another command; null when it counts, else why not. */
  async order(id: string, order: Order | "check", body: unknown): Promise<(() => string) | null> {
    if (!this.commandsAllowed) return () => language.t.refusedOffline;
    const answer = await call<{ alert: AlertRow | null }>(`alerts/${encodeURIComponent(id)}/${order}`, { body });
    if (answer.ok) {
      if (answer.body.alert) this.#take(answer.body.alert);
      return null;
    }
    if (answer.status === 401) this.#leave("ended");
    const text = answer.text;
    return () => (text ? language.of(text) : language.t.refusedNoAnswer);
  }

  #refuse(id: string, why: () => string): void {
    const refusal: Command = { state: "refused", why };
    this.commands[id] = refusal;
    setTimeout(() => {
      if (this.commands[id]?.state === "refused") delete this.commands[id];
    }, REFUSAL_SHOWN_MS);
  }

  /** While someone points at the list no row of it moves. */
  holdStill(still: boolean): void {
    if (still === this.#still) return;
    this.#still = still;
    if (!still) this.#arrange();
  }

  showWaiting(): void {
    this.#arrange(false);
  }

  select(id: string | null): void {
    this.selected = id;
    if (id === null) this.detailOpen = false;
  }

  /** Select the row `step` further down the list; the first one where none is selected. */
  move(step: number): void {
    const ids = this.listing.shown.slice(0, MAX_SHOWN);
    const at = this.selected === null ? -1 : ids.indexOf(this.selected);
    const next = at < 0 ? (step > 0 ? 0 : ids.length - 1) : Math.min(ids.length - 1, Math.max(0, at + step));
    this.selected = ids[next] ?? null;
  }

  #enter(me: Me): void {
    this.me = me;
    this.phase = "signed in";
    this.notice = "";
    this.#stream = new Stream({
      alert: (row) => this.#take(row, true),
      beat: (beat) => this.#beat(beat),
      resync: () => void this.#load(),
      signedOut: () => this.#leave("ended"),
      connected: (up) => this.#setConnected(up),
    });
    this.#timers = [
      setInterval(() => this.#tick(), TICK_MS),
      setInterval(() => void this.#askHealth(), HEALTH_EVERY_MS),
    ];
    void this.#askHealth();
  }

  #leave(notice: "" | "ended"): void {
    this.#stream?.close();
    this.#stream = null;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#known = new Map();
    this.#early = [];
    this.#offsetMs = 0;
    this.rows = new Map();
    this.listing = { shown: [], waiting: [] };
    this.commands = {};
    this.health = {};
    this.me = null;
    this.selected = null;
    this.detailOpen = false;
    this.loaded = this.connected = this.silent = false;
    this.heardMs = this.newestAgeS = null;
    this.nowMs = 0;
    this.notice = notice;
    this.phase = "signed out";
  }

  #setConnected(up: boolean): void {
    if (up === this.connected) return;
    this.connected = up;
    if (up) void this.#askHealth();
    // A refused stream says nothing of why; ask, so that an ended session leads to the login.
    if (!up) void call<Me>("me").then((answer) => !answer.ok && answer.status === 401 && this.#leave("ended"));
  }

  #beat(beat: Beat): void {
    this.newestAgeS = beat.newest_age_s;
    this.#setClock(beat.now_ms);
  }

  #setClock(ms: number): void {
    this.#offsetMs = ms - performance.now();
    this.heardMs = ms;
    this.#tick();
  }

  #tick(): void {
    if (!this.#stream) return;
    this.silent = this.#stream.silentMs() > SILENT_MS;
    if (this.#offsetMs !== 0 && !this.silent) this.nowMs = this.#offsetMs + performance.now();
  }

  async #askHealth(): Promise<void> {
    if (!this.connected || this.silent) return;
    const answer = await call<Record<string, Component>>("health");
    if (answer.ok) this.health = answer.body;
  }

  /** Ask for all alerts; frames that come meanwhile are applied afterwards where they are newer. */
  async #load(): Promise<void> {
    if (this.#loading) {
      this.#reload = true;
      return;
    }
    this.#loading = true;
    const stream = this.#stream;
    const answer = await call<Alerts>("alerts");
    this.#loading = false;
    if (this.#stream !== stream || stream === null) return;
    if (this.#reload) {
      this.#reload = false;
      void this.#load();
    } else if (answer.ok) {
      this.#setClock(answer.body.now_ms);
      this.#lastSeq = answer.body.last_seq;
      this.#known = new Map(answer.body.alerts.map((row) => [row.id, row]));
      const early = this.#early;
      this.#early = [];
      this.loaded = true;
      for (const row of early) this.#apply(row);
      this.#flush();
    } else if (answer.status === 401) {
      this.#leave("ended");
    } else {
      stream.forget();
      this.loaded = false;
      setTimeout(() => this.#stream === stream && void this.#load(), LOAD_RETRY_MS);
    }
  }

  /** The stream's rows come in order; a command's answer may overtake them or be overtaken. */
  #take(row: AlertRow, inOrder = false): void {
    if (this.#loading || !this.loaded) {
      this.#early.push(row);
      return;
    }
    this.#apply(row);
    if (inOrder) this.#lastSeq = Math.max(this.#lastSeq, row.seq);
    if (this.#flushing) return;
    this.#flushing = true;
    // Many events of one moment are one change of the page; a hidden page paints no frames.
    setTimeout(() => this.#flush(), 16);
  }

  #apply(row: AlertRow): void {
    const before = this.#known.get(row.id);
    if (row.seq <= (before?.seq ?? this.#lastSeq)) return;
    this.#known.set(row.id, { ...row, opened: row.opened ?? before?.opened ?? null });
    if (this.commands[row.id]?.state === "refused") delete this.commands[row.id];
  }

  #flush(): void {
    this.#flushing = false;
    this.rows = new Map([...this.#known].filter(([, row]) => row.state !== "closed"));
    this.#arrange(this.#still);
  }

  #arrange(still = false): void {
    this.listing = arrange(this.rows, this.listing, still);
    if (still) return;
    for (const [id, row] of this.#known) if (row.state === "closed" && id !== this.selected) this.#known.delete(id);
  }
}

export const view = new ConsoleState();
