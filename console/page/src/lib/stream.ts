// The server-sent stream with its watchdog: a stream that is silent too long is dead, whatever the socket says.

import { urlOf } from "./api.ts";
import type { AlertRow, Beat } from "./types.ts";

export const SILENT_MS = 5000;
const CHECK_MS = 250;
const RETRY_MS = 1500;
/** A connection attempt that brings nothing is given up after this. */
const ATTEMPT_MS = 5000;

export interface Listener {
  alert(row: AlertRow): void;
  beat(beat: Beat): void;
  /** What the page holds is out of date: it must ask for everything. */
  resync(): void;
  signedOut(): void;
  /** The connection broke, or came back. */
  connected(up: boolean): void;
}

export class Stream {
  #source: EventSource | null = null;
  #lastId = "";
  #heardAt = performance.now();
  #triedAt = -Infinity;
  #timer: ReturnType<typeof setInterval>;
  #listener: Listener;
  #live: boolean;

  /** Of the time that is shown; of the present where `live`. */
  constructor(listener: Listener, live = false) {
    this.#listener = listener;
    this.#live = live;
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
    this.#open();
  }

  /** How long nothing was heard, ms of a clock that no one sets. */
  silentMs(): number {
    return performance.now() - this.#heardAt;
  }

  /** The page holds everything up to the frame heard last only if it got all; otherwise resume is a lie. */
  forget(): void {
    this.#lastId = "";
  }

  close(): void {
    clearInterval(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #check(): void {
    const now = performance.now();
    if (this.#source) {
      if (now - Math.max(this.#heardAt, this.#triedAt) > ATTEMPT_MS) this.#drop();
    } else if (now - this.#triedAt > RETRY_MS) {
      this.#open();
    }
  }

  #drop(): void {
    this.#source?.close();
    this.#source = null;
    this.#listener.connected(false);
  }

  #open(): void {
    this.#triedAt = performance.now();
    const query = this.#lastId ? `?last=${encodeURIComponent(this.#lastId)}` : "";
    const source = new EventSource(urlOf(`stream${query}`, this.#live));
    this.#source = source;
    const on = (kind: string, act: (data: string) => void): void => {
      source.addEventListener(kind, (event: MessageEvent<string>) => {
        if (source !== this.#source) return;
        this.#heardAt = performance.now();
        if (event.lastEventId) this.#lastId = event.lastEventId;
        this.#listener.connected(true);
        act(event.data);
      });
    };
    on("alert", (data) => this.#listener.alert(JSON.parse(data) as AlertRow));
    on("beat", (data) => this.#listener.beat(JSON.parse(data) as Beat));
    on("resync", () => this.#listener.resync());
    on("signedout", () => this.#listener.signedOut());
    // One way of coming back: the browser's own would not notice a stalled server.
    source.addEventListener("error", () => {
      if (source === this.#source) this.#drop();
    });
  }
}
