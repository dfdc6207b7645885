// Everything the page knows, and the commands. Components read it and never fetch alerts themselves.

import { alarms } from "./alarms.svelte.ts";
import { type Answer, call } from "./api.ts";
import { askAlerts } from "./askalerts.ts";
import { language } from "./i18n.svelte.ts";
import { isUnacknowledged, type Order } from "./order.ts";
import { address } from "./page.svelte.ts";
import { sound } from "./sound.svelte.ts";
import { SILENT_MS, Stream } from "./stream.ts";
import type { AlertRow, Beat, Component, Flood, Me, Outcome, Text } from "./types.ts";

const TICK_MS = 250;
const HEALTH_EVERY_MS = 5000;
const LOAD_RETRY_MS = 1000;
const REFUSAL_SHOWN_MS = 12_000;
const FLUSH_MS = 16;
const FLUSH_APART_MS = 100;
/** Alerts of one request (console/bulk.py). */
const MAX_BULK = 200;

/** Another time to look at: a replay of the past, which tells more with its beats and may end; or the present again. */
export type Time =
  | { past: true; beat: (beat: Beat) => void; gone: () => void }
  | { past: false; known: ReadonlyMap<string, number> };

const PRESENT: Time = { past: false, known: new Map() };

export type Command = { state: "pending" } | { state: "refused"; why: () => string };

class ConsoleState {
  phase = $state<"starting" | "signed out" | "new password" | "signed in">("starting");
  notice = $state<"" | "ended" | "no server">("");
  me = $state.raw<Me | null>(null);

  loaded = $state(false);
  selected = $state<string | null>(null);
  /** On a small screen the detail covers the list. */
  detailOpen = $state(false);
  /** The alert that was selected when it closed: who reads it goes on reading. */
  over = $state.raw<AlertRow | null>(null);
  commands = $state<Record<string, Command>>({});
  health = $state.raw<Record<string, Component>>({});

  connected = $state(false);
  /** Nothing was heard for so long that what is shown may be wrong. */
  silent = $state(false);
  /** The server's clock, ms; it stands still while nothing is heard. */
  nowMs = $state(0);
  newestAgeS = $state<number | null>(null);
  heardMs = $state<number | null>(null);

  counts = $derived(alarms.counts.byGrade);
  unacknowledged = $derived(Object.values(this.counts).reduce((sum, c) => sum + c.unack, 0));
  current = $derived.by(() => {
    void alarms.version;
    return this.selected === null ? null : (alarms.row(this.selected) ?? (this.over?.id === this.selected ? this.over : null));
  });
  commandsAllowed = $derived(this.connected && !this.silent && this.loaded);

  #stream: Stream | null = null;
  #timers: ReturnType<typeof setInterval>[] = [];
  #early: AlertRow[] = [];
  #loading = false;
  #reload = false;
  #flushing = false;
  #flushedMs = 0;
  #askingFloods = false;
  #offsetMs = 0;
  #lastSeq = 0;
  #mayAcknowledge = false;
  #time: Time = PRESENT;
  /** How many seconds pass on the clock that is shown while one passes here. */
  #pace = 1;

  async start(): Promise<void> {
    const answer = await call<Me>("me", { live: true });
    if (answer.ok) this.#enter(answer.body);
    else {
      this.phase = "signed out";
      this.notice = answer.status === 0 ? "no server" : "";
    }
  }

  async signIn(name: string, password: string): Promise<Text | "no server" | null> {
    const answer = await call<Me>("login", { body: { name, password }, live: true });
    if (answer.ok) {
      this.#enter(answer.body);
      return null;
    }
    return answer.text ?? "no server";
  }

  async signOut(): Promise<void> {
    await call("logout", { body: {}, live: true });
    this.#leave("");
  }

  /** Give oneself a new password; all sessions end then, and this page goes on in a new one. */
  async changePassword(old: string, wanted: string): Promise<Answer<null>> {
    this.#halt(); // its stream ends with its session, which is no reason to go to the login
    const answer = await call<null>("me/password", { body: { old, new: wanted } });
    const me = await call<Me>("me");
    if (me.ok) this.#enter(me.body);
    else if (me.status === 401 || this.me === null) this.#leave("ended");
    else this.#enter(this.me);
    return answer;
  }

  async acknowledge(id: string, comment = ""): Promise<void> {
    const row = alarms.row(id);
    if (!row || !this.me?.may_acknowledge || !isUnacknowledged(row)) return;
    await this.#command(id, `alerts/${encodeURIComponent(id)}/ack`, { seq: row.seq, comment: comment.trim() || null });
  }

  /** Unshelve an alert; what holds its whole place is ended on the page about maintenance, which asks why. */
  async unhold(id: string): Promise<void> {
    const holds = alarms.row(id)?.why.arrangements?.[0];
    if (!holds || !this.me?.may_acknowledge) return;
    if (holds.kind === "shelved") await this.#command(id, `alerts/${encodeURIComponent(id)}/unshelve`, {});
    else location.hash = address("rules", "maintenance");
  }

  async #command(id: string, path: string, body: object): Promise<void> {
    if (this.commands[id]?.state === "pending") return;
    if (!this.commandsAllowed) {
      this.#refuse(id, () => language.t.refusedOffline);
      return;
    }
    this.commands[id] = { state: "pending" };
    const answer = await call<{ alert?: AlertRow | null }>(path, { body });
    if (answer.ok) {
      delete this.commands[id];
      if (answer.body.alert) this.#take(answer.body.alert);
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

  /** Give one command for many alerts; each has an outcome of its own, so one refused keeps no other from counting. */
  async orderAll(order: Order | "ack", body: object, ids: readonly string[]): Promise<Outcome[] | (() => string)> {
    const outcomes: Outcome[] = [];
    for (let at = 0; at < ids.length; at += MAX_BULK) {
      if (!this.commandsAllowed) return outcomes.length > 0 ? outcomes : () => language.t.refusedOffline;
      const alerts = ids.slice(at, at + MAX_BULK).flatMap((id) => {
        const row = alarms.row(id);
        return row ? [{ id, seq: row.seq, in_view: alarms.wasInView(row) }] : [];
      });
      const answer = await call<{ outcomes: Outcome[] }>("alerts/bulk", { body: { command: { ...body, order }, alerts } });
      if (answer.ok) {
        outcomes.push(...answer.body.outcomes);
      } else {
        if (answer.status === 401) this.#leave("ended");
        const text = answer.text;
        return outcomes.length > 0 ? outcomes : () => (text ? language.of(text) : language.t.refusedNoAnswer);
      }
    }
    return outcomes;
  }

  #refuse(id: string, why: () => string): void {
    const refusal: Command = { state: "refused", why };
    this.commands[id] = refusal;
    setTimeout(() => {
      if (this.commands[id]?.state === "refused") delete this.commands[id];
    }, REFUSAL_SHOWN_MS);
  }

  select(id: string | null): void {
    this.selected = id;
    if (id === null) this.detailOpen = false;
    alarms.anchorAt(id);
  }

  /** Select the line `step` further down the list; the first one where none is selected. */
  move(step: number): void {
    const { items } = alarms;
    const at = this.selected === null ? -1 : items.findIndex((item) => item.id === this.selected);
    const next = at < 0 ? (step > 0 ? 0 : items.length - 1) : Math.min(items.length - 1, Math.max(0, at + step));
    this.selected = items[next]?.id ?? null;
  }

  #enter(me: Me): void {
    this.me = me;
    this.#mayAcknowledge = me.may_acknowledge;
    this.notice = "";
    if (me.must_change) {
      this.phase = "new password";
      return;
    }
    this.phase = "signed in";
    this.#listen();
  }

  /** Show another time: everything known is of the one before. */
  lookAt(time: Time): void {
    if (!this.me) return;
    this.#forget();
    this.#time = time;
    this.#pace = time.past ? 0 : 1;
    this.me = { ...this.me, may_acknowledge: !time.past && this.#mayAcknowledge };
    this.#listen();
  }

  /** The session ended while the past was shown. */
  leavePast(notice: "ended"): void {
    this.#leave(notice);
  }

  #listen(): void {
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
    sound.start();
    void this.#askHealth();
    void alarms.loadFilters();
  }

  #halt(): void {
    this.#stream?.close();
    this.#stream = null;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.connected = false;
  }

  #leave(notice: "" | "ended"): void {
    const time = this.#time;
    this.#time = PRESENT;
    this.me = null;
    if (time.past) time.gone();
    this.#forget();
    sound.clear();
    this.notice = notice;
    this.phase = "signed out";
  }

  #forget(): void {
    this.#halt();
    this.#early = [];
    this.#offsetMs = 0;
    alarms.clear();
    this.over = null;
    this.commands = {};
    this.health = {};
    this.selected = null;
    this.detailOpen = false;
    this.loaded = this.silent = false;
    this.heardMs = this.newestAgeS = null;
    this.nowMs = 0;
  }

  #setConnected(up: boolean): void {
    if (up === this.connected) return;
    this.connected = up;
    if (up) void this.#askHealth();
    // A refused stream says nothing of why; ask, so that an ended session leads to the login.
    if (!up) void call<Me>("me").then((answer) => !answer.ok && this.#refusedAs(answer.status));
  }

  #refusedAs(status: number): void {
    if (status === 401) this.#leave("ended");
    // A replay that has ended is not there any more, or its process does not answer.
    else if (this.#time.past && (status === 404 || status === 503)) this.#time.gone();
  }

  #beat(beat: Beat): void {
    this.newestAgeS = beat.newest_age_s;
    if (this.#time.past) this.#time.beat(beat);
    if (beat.replay) this.#pace = beat.replay.state === "playing" ? beat.replay.speed : 0;
    this.#setClock(beat.now_ms);
  }

  #setClock(ms: number): void {
    this.#offsetMs = ms - performance.now() * this.#pace;
    this.heardMs = ms;
    this.#tick();
  }

  #tick(): void {
    if (!this.#stream) return;
    this.silent = this.#stream.silentMs() > SILENT_MS;
    if (this.#offsetMs !== 0 && !this.silent) this.nowMs = this.#offsetMs + performance.now() * this.#pace;
    if (!this.silent) alarms.tick(this.nowMs);
    if (!this.#time.past) sound.tick(performance.now(), this.silent);
  }

  async #askHealth(): Promise<void> {
    if (!this.connected || this.silent) return;
    const answer = await call<Record<string, Component>>("health");
    if (answer.ok) this.health = answer.body;
    await this.#askFloods();
  }

  async #askFloods(): Promise<void> {
    if (this.#askingFloods) return;
    this.#askingFloods = true;
    const answer = await call<{ floods: Flood[] }>("floods");
    this.#askingFloods = false;
    if (answer.ok) alarms.setFloods(answer.body.floods);
  }

  /** Ask for all alerts; frames that come meanwhile are applied afterwards where they are newer. */
  async #load(): Promise<void> {
    if (this.#loading) {
      this.#reload = true;
      return;
    }
    this.#loading = true;
    const stream = this.#stream;
    const { status, head: answer, rows } = await askAlerts();
    this.#loading = false;
    if (this.#stream !== stream || stream === null) return;
    if (this.#reload) {
      this.#reload = false;
      void this.#load();
    } else if (answer !== null) {
      this.#setClock(answer.now_ms);
      this.#lastSeq = answer.last_seq;
      const time = this.#time;
      if (!time.past) sound.load(rows, (id) => alarms.row(id)?.seq ?? time.known.get(id) ?? -1);
      alarms.load(rows, this.me?.name ?? "", answer.now_ms);
      const early = this.#early;
      this.#early = [];
      this.loaded = true;
      for (const row of early) this.#apply(row);
      this.#flush();
    } else if (status === 401) {
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
    // Many events of one moment are one change of the page, and many moments in a row no more than it can show;
    // a hidden page paints no frames.
    setTimeout(() => this.#flush(), Math.max(FLUSH_MS, this.#flushedMs + FLUSH_APART_MS - performance.now()));
  }

  #apply(row: AlertRow): void {
    const before = alarms.row(row.id);
    if (row.seq <= (before?.seq ?? this.#lastSeq)) return;
    const now = { ...row, opened: row.opened ?? before?.opened ?? null };
    if (now.state === "closed" && now.id === this.selected) this.over = now;
    alarms.put(now);
    if (!this.#time.past) sound.take(now);
    if (row.why.flood && !alarms.flooded) void this.#askFloods();
    if (this.commands[row.id]?.state === "refused") delete this.commands[row.id];
  }

  #flush(): void {
    this.#flushing = false;
    this.#flushedMs = performance.now();
    alarms.show();
    if (!this.#time.past) sound.show();
  }
}

export const view = new ConsoleState();
