// Calls to the server on which the page was loaded; a refusal is a value with its text in both languages.

import type { Text } from "./types.ts";

const TIMEOUT_MS = 8000;

/** Under which time the server is asked: "" for the present, "replays/ID/" for a replay. */
let under = "";
/** Ends what was asked about the time that is shown no more. */
let turned = new AbortController();

/** Aborts what is asked about a time when another is shown; never what is asked about the present. */
export function whileShown(live = false): AbortSignal[] {
  return live ? [] : [turned.signal];
}

export function lookUnder(path: string): void {
  under = path;
  turned.abort();
  turned = new AbortController();
}

/** The address of what the server answers about the time that is shown; of the present where `live`. */
export function urlOf(path: string, live = false): string {
  return `/api/v1/${live ? "" : under}${path}`;
}

/** Whether a path has a step in it, which a browser takes out: an id out of the address would lead to another route. */
function hasStep(path: string): boolean {
  return (path.split("?", 1)[0] ?? "").split("/").some((part) => part === "." || part === "..");
}

export type Answer<T> = { ok: true; body: T } | { ok: false; status: number; code: string; text: Text | null };

/** Status 0 means that no answer came. `live` asks about the present, whatever is shown. With `keep` the browser asks whether what it has still holds, and is sent only what does not. */
export async function call<T>(
  path: string,
  options: { body?: unknown; signal?: AbortSignal; timeoutMs?: number; keep?: boolean; live?: boolean } = {},
): Promise<Answer<T>> {
  if (hasStep(path)) return { ok: false, status: 404, code: "not_found", text: null };
  const timeout = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  const init: RequestInit = {
    credentials: "same-origin",
    cache: options.keep ? "no-cache" : "no-store",
    signal: AbortSignal.any([timeout, ...(options.signal ? [options.signal] : []), ...whileShown(options.live)]),
  };
  if ("body" in options) {
    init.method = "POST";
    init.headers = { "Content-Type": "application/json", "X-Hazwatch": "1" };
    init.body = JSON.stringify(options.body);
  }
  try {
    const response = await fetch(urlOf(path, options.live), init);
    const body: unknown = response.status === 204 ? null : await response.json();
    if (response.ok) return { ok: true, body: body as T };
    const refusal = body as { code?: string; zh?: string; en?: string };
    const text = refusal.zh && refusal.en ? { zh: refusal.zh, en: refusal.en } : null;
    return { ok: false, status: response.status, code: refusal.code ?? "", text };
  } catch {
    return { ok: false, status: 0, code: "no_answer", text: null };
  }
}
