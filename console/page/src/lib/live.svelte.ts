// The present while a replay is shown: who looks at the past must not miss a red alert. Keeps of each alert only what it counts.

import { askAlerts } from "./askalerts.ts";
import { countsOf } from "./counts.ts";
import { isUnacknowledged } from "./order.ts";
import { sound } from "./sound.svelte.ts";
import { SILENT_MS, Stream } from "./stream.ts";
import type { AlertRow, Text } from "./types.ts";

const TICK_MS = 250;
const RETRY_MS = 1000;
const SHOW_MS = 60;
const NONE = countsOf([], "", 0).byGrade;

class Live {
  counts = $state.raw(NONE);
  /** The newest red alert that nobody has acknowledged. */
  red = $state.raw<{ id: string; title: Text } | null>(null);
  unacknowledged = $derived(Object.values(this.counts).reduce((sum, count) => sum + count.unack, 0));
  nowMs = $state(0);
  silent = $state(false);

  #rows = new Map<string, AlertRow>();
  #stream: Stream | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #offsetMs = 0;
  #showing = false;

  /** Watch from here on; `rows` are the alerts as the page knew them, so that what was silenced stays silent. */
  begin(rows: Iterable<AlertRow>, ended: () => void): void {
    this.#rows = new Map([...rows].map((row) => [row.id, row]));
    this.#stream = new Stream(
      {
        alert: (row) => this.#take(row),
        beat: (beat) => (this.#offsetMs = beat.now_ms - performance.now()),
        resync: () => void this.#load(),
        signedOut: ended,
        connected: () => {},
      },
      true,
    );
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#show();
  }

  /** Watch no more; returns which state of each alert was known. */
  end(): ReadonlyMap<string, number> {
    this.#stream?.close();
    this.#stream = null;
    clearInterval(this.#timer);
    const known = new Map([...this.#rows].map(([id, row]) => [id, row.seq]));
    this.#rows = new Map();
    this.#offsetMs = 0;
    this.counts = NONE;
    this.red = null;
    return known;
  }

  async #load(): Promise<void> {
    const stream = this.#stream;
    const { head: answer, rows } = await askAlerts(true);
    if (stream === null || this.#stream !== stream) return;
    if (answer === null) {
      setTimeout(() => this.#stream === stream && void this.#load(), RETRY_MS);
      return;
    }
    const before = this.#rows;
    sound.load(rows, (id) => before.get(id)?.seq ?? -1);
    this.#rows = new Map(rows.map((row) => [row.id, row]));
    // What the stream brought while the answer was on its way is newer than the answer.
    for (const row of before.values()) if (row.seq > answer.last_seq) this.#put(row);
    this.#show();
  }

  #take(row: AlertRow): void {
    if (row.seq <= (this.#rows.get(row.id)?.seq ?? -1)) return;
    this.#put(row);
    if (this.#showing) return;
    this.#showing = true;
    setTimeout(() => this.#show(), SHOW_MS);
  }

  #put(row: AlertRow): void {
    if (row.state === "closed") this.#rows.delete(row.id);
    else this.#rows.set(row.id, row);
    sound.take(row);
  }

  #show(): void {
    this.#showing = false;
    if (!this.#stream) return;
    this.counts = countsOf(this.#rows.values(), "", 0).byGrade;
    let newest: AlertRow | null = null;
    for (const row of this.#rows.values()) {
      if (row.grade === "red" && isUnacknowledged(row) && row.seq > (newest?.seq ?? -1)) newest = row;
    }
    this.red = newest && { id: newest.id, title: newest.title };
    sound.show();
  }

  #tick(): void {
    if (!this.#stream) return;
    this.silent = this.#stream.silentMs() > SILENT_MS;
    if (this.#offsetMs !== 0 && !this.silent) this.nowMs = this.#offsetMs + performance.now();
    sound.tick(performance.now(), this.silent);
  }
}

export const live = new Live();
