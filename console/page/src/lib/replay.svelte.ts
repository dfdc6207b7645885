// A replay of the past: which one is shown, what it does, and its controls. Its pages are those of the present, asked elsewhere.

import { alarms } from "./alarms.svelte.ts";
import { call, lookUnder } from "./api.ts";
import { view } from "./console.svelte.ts";
import { live } from "./live.svelte.ts";
import { address, type PageName } from "./page.svelte.ts";
import type { ReplayInfo, ReplayStatus, Text } from "./types.ts";

/** Pages that show a plant; the others are about the program and its people, of which there is no past. */
export const PAST_PAGES: ReadonlySet<PageName> = new Set<PageName>(["overview", "alarms", "trends", "source", "alert"]);
export const SPEEDS = [1, 10, 60, 600] as const;

class Replay {
  /** The replay that is shown, null while the page shows the present. */
  shown = $state.raw<ReplayInfo | null>(null);
  status = $state.raw<ReplayStatus | null>(null);
  refusal = $state.raw<Text | null>(null);
  /** The last replay ended by itself. */
  over = $state(false);

  show(info: ReplayInfo): void {
    if (this.shown) return;
    this.shown = info;
    this.status = this.refusal = null;
    this.over = false;
    live.begin(alarms.rows(), () => view.leavePast("ended"));
    lookUnder(`replays/${info.id}/`);
    view.lookAt({
      past: true,
      beat: (beat) => beat.replay && (this.status = beat.replay),
      gone: () => this.#gone(),
    });
    location.hash = address("alarms");
  }

  /** Show the present again; the replay stands still, and ends by itself when nobody comes back. */
  leave(): void {
    const id = this.shown?.id;
    this.#toLive();
    if (id) void call(`replays/${id}/replay`, { body: { paused: true }, live: true });
  }

  async end(): Promise<void> {
    const id = this.shown?.id;
    this.#toLive();
    if (id) await call(`replays/${id}/end`, { body: {}, live: true });
  }

  async order(body: { speed?: number; paused?: boolean; seek_ms?: number; jump?: "next" | "previous" }): Promise<void> {
    this.refusal = null;
    const answer = await call<ReplayStatus>("replay", { body });
    if (!this.shown) return;
    if (answer.ok) this.status = answer.body;
    else this.refusal = answer.text;
  }

  #gone(): void {
    if (!this.shown) return;
    this.#toLive();
    this.over = true;
  }

  #toLive(): void {
    if (!this.shown) return;
    this.shown = this.status = null;
    lookUnder("");
    view.lookAt({ past: false, known: live.end() });
  }
}

export const replay = new Replay();
