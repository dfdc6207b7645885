// What the server knows of one alert beyond its row: asked for when the alert moves, and now and then while it is open.

import { untrack } from "svelte";
import { call } from "./api.ts";
import { view } from "./console.svelte.ts";
import type { AlertRow, AlertState, Grade, Reached, Reason, Text, Why } from "./types.ts";

const FIRST_MS = 120;
const AFTER_EVENT_MS = 200;
const EVERY_MS = 10_000;

export interface TimelineEntry {
  seq: number;
  time: string;
  event: string;
  state: AlertState;
  grade: Grade;
  value: number | null;
  unit: string | null;
  limit: number | null;
  limit_name: string | null;
  why: Pick<Why, "person" | "confirmed"> & { because?: Text };
}

/** That a person merged or split the incident of the alert. */
export interface Regrouped {
  time: string;
  what: "merged" | "split";
  incident: string;
  others: string[];
  by: string | null;
  reason: string | null;
}

export interface Delivery extends Reached {
  id: string;
  person: string | null;
  person_name: Text | null;
  route: string;
  reason: Text;
  time: string;
  state: "pending" | "sent" | "failed" | "replaced";
  attempts: number;
  updated_ms: number | null;
  error: Text;
}

export interface Step {
  text: Text;
  done: boolean;
  by: string | null;
  time: string | null;
}

export interface Near {
  sensor: string;
  type: string;
  unit: string;
  description: string;
  t_ms: number | null;
  value: number | null;
}

export interface Ahead {
  t_ms: number;
  value: number;
  slope: number;
  low: number;
  high: number;
  span_s: number;
  left_s: number;
  limit_name: string;
  limit: number;
}

export interface Past {
  id: string;
  sensor: string | null;
  same_sensor: boolean;
  opened: string;
  closed: string | null;
  grade: Grade;
  title: Text;
  confirmed: (NonNullable<Why["confirmed"]> & { false_alarm?: boolean }) | null;
}

export interface StoryBody {
  now_ms: number;
  alert: AlertRow;
  open: boolean;
  events: TimelineEntry[];
  left_out: number;
  regrouped: Regrouped[];
  deliveries: Delivery[];
  checklist: Step[];
  similar: Past[];
  neighbours?: (Near & { by: "equipment" | "group" | "source" })[];
  wind?: { speed: Near | null; direction: Near | null } | null;
  grades: { columns: string[]; rows: { urgency: number; grades: Grade[] }[]; unknown_source: string };
  usual: { start_ms: number; end_ms: number; median: number; low: number; high: number } | null;
  outlook: { usual: { mean: number; sigma: number; z_threshold: number; tau_s: number } | null; ahead: Ahead | null } | null;
  next: {
    chain: string;
    level: number;
    of: number;
    due_ms: number | null;
    held: boolean;
    people: { person: string; name: Text; receivers: string[]; outside?: Text; reason: Text }[];
  } | null;
}

export type { Reason };

export class Story {
  body = $state.raw<StoryBody | null>(null);
  failure = $state<"" | "not there" | "not now">("");

  /** Follow an alert as long as the component lives that this is called in; `seq` is that of the row which is shown. */
  follow(id: () => string, seq: () => number): this {
    $effect(() => {
      const name = id();
      void seq();
      const stop = new AbortController();
      const afterMs = untrack(() => (this.body?.alert.id === name ? AFTER_EVENT_MS : FIRST_MS));
      const wait = setTimeout(() => void this.#loop(name, stop.signal), afterMs);
      return () => {
        clearTimeout(wait);
        stop.abort();
      };
    });
    return this;
  }

  async #loop(id: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!view.silent) await this.#ask(id, signal);
      if (this.failure === "not there" || this.body?.open === false) return;
      await new Promise((done) => setTimeout(done, EVERY_MS));
    }
  }

  async #ask(id: string, signal: AbortSignal): Promise<void> {
    const answer = await call<StoryBody>(`alerts/${encodeURIComponent(id)}`, { signal });
    if (signal.aborted) return;
    if (answer.ok) this.body = answer.body;
    else if (this.body?.alert.id !== id) this.body = null;
    this.failure = answer.ok ? "" : answer.status === 404 || answer.status === 422 ? "not there" : "not now";
  }
}
