// Long answers, a JSON value a line: read as they come and a few milliseconds at a time, so that nobody waits for the page meanwhile.

import { urlOf, whileShown } from "./api.ts";

const SLICE_MS = 8;
/** An answer of which nothing more comes is given up after this. */
const IDLE_MS = 8000;

/** Ask for an answer in lines, about the present where `live`, and take each; return its status, 0 where it did not come whole. */
export async function callLines(path: string, take: (value: unknown) => void, live = false): Promise<number> {
  const given = new AbortController();
  let idle = setTimeout(() => given.abort(), IDLE_MS);
  const heard = (): void => {
    clearTimeout(idle);
    idle = setTimeout(() => given.abort(), IDLE_MS);
  };
  try {
    const response = await fetch(urlOf(path, live), {
      credentials: "same-origin",
      cache: "no-store",
      headers: { Accept: "application/x-ndjson" },
      signal: AbortSignal.any([given.signal, ...whileShown(live)]),
    });
    if (!response.ok || response.body === null) return response.status;
    let rest = "";
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      heard();
      if (done) break;
      rest = await takeLines(rest + value, take);
    }
    return rest === "" ? response.status : 0;
  } catch {
    return 0;
  } finally {
    clearTimeout(idle);
  }
}

/** Take the whole lines of a text; return what follows the last of them. */
export async function takeLines(text: string, take: (value: unknown) => void): Promise<string> {
  let at = 0;
  let began = performance.now();
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", at)) {
    take(JSON.parse(text.slice(at, end)));
    at = end + 1;
    if (performance.now() - began > SLICE_MS) {
      await new Promise((resume) => setTimeout(resume));
      began = performance.now();
    }
  }
  return text.slice(at);
}
