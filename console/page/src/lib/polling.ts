// Asking the server again and again while a page is shown; nothing is asked while the server is silent.

import { type Answer, call } from "./api.ts";
import { view } from "./console.svelte.ts";

/** Ask at once and then every so often; returns what ends it. An answer that comes after that is dropped. */
export function poll<T>(path: string, everyMs: number, take: (answer: Answer<T>) => void, keep = false): () => void {
  const stop = new AbortController();
  async function loop(): Promise<void> {
    while (!stop.signal.aborted) {
      if (!view.silent) {
        const answer = await call<T>(path, { signal: stop.signal, keep });
        if (stop.signal.aborted) return;
        take(answer);
      }
      await new Promise((done) => setTimeout(done, everyMs));
    }
  }
  void loop();
  return () => stop.abort();
}
