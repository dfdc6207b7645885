// The page's voice: tones by the gravest grade that wants to be heard, again and again until it need not.
// A browser lets no page sound before somebody has touched it; that is shown, since a silent alarm desk looks like a quiet one.

import { Sounding } from "./sounding.ts";
import type { AlertRow, Grade } from "./types.ts";

const KEY = "hazwatch.sound";
const CHANNEL = "hazwatch.silence";

interface Pattern {
  /** Of each tone, Hz. */
  tones: readonly number[];
  tone_s: number;
  gap_s: number;
  everyMs: number;
  loudness: number;
}

/** Told apart by number, pitch and haste of the tones; ours, from no standard. */
const PATTERNS: Record<Grade, Pattern> = {
  red: { tones: [988, 784, 988, 784, 988], tone_s: 0.14, gap_s: 0.06, everyMs: 2000, loudness: 0.3 },
  orange: { tones: [784, 659, 784], tone_s: 0.16, gap_s: 0.1, everyMs: 4000, loudness: 0.25 },
  yellow: { tones: [659, 523], tone_s: 0.2, gap_s: 0.12, everyMs: 8000, loudness: 0.2 },
  blue: { tones: [440], tone_s: 0.25, gap_s: 0, everyMs: 20_000, loudness: 0.15 },
};

/** One low tone for data that no longer comes: it is no grade, and must not be taken for one. */
const LOST: Pattern = { tones: [220, 220], tone_s: 0.4, gap_s: 0.15, everyMs: 5000, loudness: 0.3 };

export class Sound {
  /** The browser can sound at all. */
  readonly possible = typeof AudioContext !== "undefined";
  /** Whether this browser is to sound. */
  wanted = $state(kept());
  /** The browser lets the page sound. */
  allowed = $state(false);
  /** The grade that sounds now, null for none. */
  sounding = $state<Grade | null>(null);
  /** How many unacknowledged alerts are silenced in this browser. */
  silenced = $state(0);

  /** No data comes, and nobody has silenced that yet. */
  lost = $state(false);

  #alerts = new Sounding();
  #lostNow = false;
  #context: AudioContext | null = null;
  #nextMs = 0;
  #channel: BroadcastChannel | null = null;

  /** Listen for the first touch, and for silences of this browser's other windows. */
  start(): void {
    if (this.#context || !this.possible) return;
    this.#context = new AudioContext();
    const note = (): void => {
      this.allowed = this.#context?.state === "running";
    };
    this.#context.addEventListener("statechange", note);
    note();
    for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, () => this.resume());
    this.#channel = new BroadcastChannel(CHANNEL);
    this.#channel.addEventListener("message", () => this.#silence());
  }

  /** Whoever touches the page lets it sound. */
  resume(): void {
    void this.#context?.resume();
  }

  take(row: AlertRow): void {
    this.#alerts.take(row);
  }

  load(rows: Iterable<AlertRow>, seqOf: (id: string) => number): void {
    this.#alerts.load(rows, seqOf);
  }

  clear(): void {
    this.#alerts = new Sounding();
    this.lost = this.#lostNow = false;
    this.show();
  }

  /** Silence what sounds now, in all windows of this browser. */
  silence(): void {
    this.#silence();
    this.#channel?.postMessage("silence");
  }

  switch(): void {
    this.wanted = !this.wanted;
    try {
      localStorage.setItem(KEY, this.wanted ? "on" : "off");
    } catch {
      // A browser that keeps nothing sounds again when it is opened next.
    }
  }

  /** Bring what is shown up to date. */
  show(): void {
    this.sounding = this.#alerts.gravest;
    this.silenced = this.#alerts.silenced;
  }

  /** Sound if it is time; `nowMs` is a clock that no one sets, `lost` that no data comes. */
  tick(nowMs: number, lost: boolean): void {
    if (lost !== this.#lostNow) {
      this.lost = this.#lostNow = lost;
      this.#nextMs = 0;
    }
    // Nobody can acknowledge without data: that there is none comes before what was known of the alerts.
    const pattern = this.lost ? LOST : this.sounding === null ? null : PATTERNS[this.sounding];
    if (pattern === null) {
      this.#nextMs = 0;
      return;
    }
    const hasteMs = nowMs + pattern.everyMs;
    this.#nextMs = Math.min(this.#nextMs, hasteMs);
    if (!this.wanted || !this.allowed || nowMs < this.#nextMs) return;
    this.#nextMs = hasteMs;
    this.play(pattern);
  }

  /** Play a pattern's tones once. */
  play(pattern: Pattern): void {
    const context = this.#context;
    if (!context || context.state !== "running") return;
    const { tones, tone_s, gap_s, loudness } = pattern;
    const gain = context.createGain();
    gain.gain.value = 0;
    gain.connect(context.destination);
    tones.forEach((hz, i) => {
      const start_s = context.currentTime + i * (tone_s + gap_s);
      const oscillator = context.createOscillator();
      oscillator.frequency.value = hz;
      oscillator.connect(gain);
      // Without a ramp the edges of a tone click.
      gain.gain.setValueAtTime(0, start_s);
      gain.gain.linearRampToValueAtTime(loudness, start_s + 0.01);
      gain.gain.setValueAtTime(loudness, start_s + tone_s - 0.02);
      gain.gain.linearRampToValueAtTime(0, start_s + tone_s);
      oscillator.start(start_s);
      oscillator.stop(start_s + tone_s);
    });
  }

  #silence(): void {
    this.lost = false;
    this.#alerts.silence();
    this.show();
  }
}

function kept(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

export const sound = new Sound();
