// Which alerts want to be heard: every unacknowledged one, until somebody acknowledges it, or silences what stands now.
// No DOM, no clock, no sound.

import { GRADES, isUnacknowledged } from "./order.ts";
import type { AlertRow, Grade } from "./types.ts";

/** Events that call for somebody: after a silence such an alert sounds again. */
const CALLS: ReadonlySet<string> = new Set(["opened", "reopened", "escalated", "unshelved", "unsuppressed", "in_service"]);

interface Heard {
  grade: Grade;
  silent: boolean;
}

export class Sounding {
  #heard = new Map<string, Heard>();
  #counts: Record<Grade, number> = { red: 0, orange: 0, yellow: 0, blue: 0 };

  /** How many unacknowledged alerts are silenced. */
  get silenced(): number {
    return this.#heard.size - GRADES.reduce((sum, grade) => sum + this.#counts[grade], 0);
  }

  /** The gravest grade that sounds, null while nothing does. */
  get gravest(): Grade | null {
    return GRADES.find((grade) => this.#counts[grade] > 0) ?? null;
  }

  take(row: AlertRow): void {
    const before = this.#heard.get(row.id);
    if (before && !before.silent) this.#counts[before.grade] -= 1;
    if (!isUnacknowledged(row)) {
      this.#heard.delete(row.id);
      return;
    }
    const silent = (before?.silent ?? false) && !CALLS.has(row.event);
    this.#heard.set(row.id, { grade: row.grade, silent });
    if (!silent) this.#counts[row.grade] += 1;
  }

  /** Take all anew; what was silenced and has not called since stays silent. */
  load(rows: Iterable<AlertRow>, seqOf: (id: string) => number): void {
    const silent = new Set([...this.#heard].filter(([, one]) => one.silent).map(([id]) => id));
    this.#heard = new Map();
    this.#counts = { red: 0, orange: 0, yellow: 0, blue: 0 };
    for (const row of rows) {
      this.take(row);
      if (silent.has(row.id) && seqOf(row.id) === row.seq) this.#silence(row.id);
    }
  }

  /** Silence what stands now; what comes sounds. */
  silence(): void {
    for (const id of this.#heard.keys()) this.#silence(id);
  }

  #silence(id: string): void {
    const one = this.#heard.get(id);
    if (!one || one.silent) return;
    this.#counts[one.grade] -= 1;
    this.#heard.set(id, { ...one, silent: true });
  }
}
