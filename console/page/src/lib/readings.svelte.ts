// Readings of one sensor for a chart, kept up to date while it is looked at.

import { untrack } from "svelte";
import { type Answer, call } from "./api.ts";
import { view } from "./console.svelte.ts";
import { language } from "./i18n.svelte.ts";
import type { Trend } from "./types.ts";

/** A time that ends now and moves on, or one that stands still. */
export type Frame = { lengthMs: number } | { fromMs: number; toMs: number };

const FASTEST_MS = 2000;
const SLOWEST_MS = 60_000;
/** A trend is asked for again when it has moved on by so much of its width. */
const MOVED = 0.002;
/** The newest readings come unmerged; after so many turns the whole is asked for again. */
const WHOLE_EVERY = 15;
const RETRY_MS = 5000;
/** A year is longer in coming than what else is asked; the server ends it itself before, and says why. */
const TIMEOUT_MS = 45_000;

/** From when until when a frame is, ms of the server's clock. */
export function boundsOf(frame: Frame, nowMs: number): [number, number] {
  return "lengthMs" in frame ? [nowMs - frame.lengthMs, nowMs] : [frame.fromMs, frame.toMs];
}

/** How far from the cursor a reading may lie that is shown as its value: a share of the width shown. */
export function farMs([fromS, toS]: readonly [number, number]): number {
  return Math.max(2000, (toS - fromS) * 1000 * 0.02);
}

/** A trend without what lies before `since`, and with what came after it. */
export function merged(old: Trend, tail: Trend, since: number): Trend {
  const keep = old.t_ms.findIndex((ms) => ms >= since);
  const join = <T,>(a: T[], b: T[]): T[] => [...(keep < 0 ? [] : a.slice(keep)), ...b];
  return {
    ...tail,
    t_ms: join(old.t_ms, tail.t_ms),
    mean: join(old.mean, tail.mean),
    low: join(old.low, tail.low),
    high: join(old.high, tail.high),
  };
}

/** The index of the reading nearest to a time, null where there is none within `farMs`. */
export function nearest(t_ms: readonly number[], ms: number, farMs: number): number | null {
  let lo = 0;
  let hi = t_ms.length - 1;
  if (hi < 0) return null;
  while (hi - lo > 1) {
    const middle = (lo + hi) >> 1;
    if ((t_ms[middle] ?? 0) <= ms) lo = middle;
    else hi = middle;
  }
  const [before, after] = [Math.abs((t_ms[lo] ?? 0) - ms), Math.abs((t_ms[hi] ?? 0) - ms)];
  return Math.min(before, after) > farMs ? null : before <= after ? lo : hi;
}

export class Readings {
  trend = $state.raw<Trend | null>(null);
  /** The newest answer where it was none. */
  refusal = $state.raw<Extract<Answer<Trend>, { ok: false }> | null>(null);

  /** Why there is nothing to be seen, as the server says it; "" where there is something. */
  get message(): string {
    const t = language.t;
    if (this.refusal) return language.of(this.refusal.text) || t.trendFailed;
    if (this.trend === null) return t.trendLoading;
    return this.trend.t_ms.length === 0 ? t.trendEmpty : "";
  }

  /** Ask for the readings of a sensor until the function that this returns is called. */
  follow(sensor: string, frame: Frame, points: number): () => void {
    const stop = new AbortController();
    this.trend = null;
    this.refusal = null;
    // What the loop reads as it starts must not start it again.
    untrack(() => void this.#loop(`sensors/${encodeURIComponent(sensor)}/trend`, frame, points, stop.signal));
    return () => stop.abort();
  }

  async #loop(path: string, frame: Frame, points: number, signal: AbortSignal): Promise<void> {
    let turn = 0;
    const every = "lengthMs" in frame ? Math.min(SLOWEST_MS, Math.max(FASTEST_MS, frame.lengthMs * MOVED)) : RETRY_MS;
    while (!signal.aborted) {
      if (view.nowMs && !view.silent) {
        turn = (await this.#ask(path, frame, points, turn, signal)) ? turn + 1 : 0;
        if (turn > 0 && !("lengthMs" in frame)) return;
      }
      await new Promise((done) => setTimeout(done, view.nowMs ? every : 200));
    }
  }

  async #ask(path: string, frame: Frame, points: number, turn: number, signal: AbortSignal): Promise<boolean> {
    const [start, end] = "lengthMs" in frame ? boundsOf(frame, Math.ceil(view.nowMs) + 1000) : [frame.fromMs, frame.toMs];
    const last = turn % WHOLE_EVERY === 0 ? undefined : this.trend?.t_ms.at(-1);
    const from = last === undefined ? start : Math.max(start, Math.floor(last) + 1);
    const query = `start_ms=${Math.max(0, Math.floor(from))}&end_ms=${Math.max(0, Math.ceil(end))}&max_points=${points}`;
    const answer = await call<Trend>(`${path}?${query}`, { signal, timeoutMs: TIMEOUT_MS });
    if (signal.aborted) return false;
    this.refusal = answer.ok ? null : answer;
    if (answer.ok) this.trend = last === undefined || this.trend === null ? answer.body : merged(this.trend, answer.body, start);
    return answer.ok;
  }
}
