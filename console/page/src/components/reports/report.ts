// What the server tells of reports, and how a file of one is fetched.

import { type Answer, call } from "../../lib/api.ts";
import { address } from "../../lib/page.svelte.ts";
import type { Text } from "../../lib/types.ts";

export const KINDS = ["handover", "daily", "monthly", "alarms"] as const;
export type Kind = (typeof KINDS)[number];
export const FORMATS = ["pdf", "xlsx", "csv"] as const;
/** A report may take as long as the server gives it, and a little. */
export const TIMEOUT_MS = 130_000;
const ASK_AGAIN_MS = 500;

export interface Shift {
  name: string;
  start_ms: number;
  end_ms: number;
}

export interface Offer {
  zone: string;
  now_ms: number;
  shifts: Shift[];
  longest_days: Record<Kind, number>;
  may_write: boolean;
}

export interface Cell extends Text {
  value?: number;
  verdict?: "acceptable" | "manageable" | "overloaded";
}

export interface Table {
  name: string;
  title: Text;
  head: Text[];
  rows: Cell[][];
}

export interface Sheet {
  kind: Kind;
  title: Text;
  zone: string;
  head: [Text, Text][];
  tables: Table[];
  plots: { name: string; svg: string }[];
  warnings: Text[];
  notes: Text[];
}

export interface Note {
  id: number;
  written_ms: number;
  by: string;
  text: string;
  taken_ms: number | null;
  taken_by: string | null;
  answer: string;
}

/** Which report of which period the address names. */
export interface Choice {
  kind: Kind;
  fromMs: number;
  toMs: number;
}

export function chosen(rest: string): Choice | null {
  const [name, from, to] = rest.split("/");
  const kind = KINDS.find((one) => one === name);
  const [fromMs, toMs] = [Number(from), Number(to)];
  return kind && Number.isSafeInteger(fromMs) && Number.isSafeInteger(toMs) && fromMs < toMs ? { kind, fromMs, toMs } : null;
}

export function addressOf(choice: Choice): string {
  return address("reports", `${choice.kind}/${choice.fromMs}/${choice.toMs}`);
}

export function queryOf(choice: Choice, format: string, lang: string): string {
  const by = choice.kind === "alarms" ? "&by=source&by=operator" : "";
  return `reports/${choice.kind}?from_ms=${choice.fromMs}&to_ms=${choice.toMs}&format=${format}&lang=${lang}${by}`;
}

/** A report for the page. One that this person turned away from is still being made on the server: this one waits for its end. */
export async function sheetOf(choice: Choice, signal: AbortSignal): Promise<Answer<Sheet>> {
  for (;;) {
    const answer = await call<Sheet>(queryOf(choice, "json", "zh"), { signal, timeoutMs: TIMEOUT_MS });
    if (answer.ok || answer.code !== "report_busy" || signal.aborted) return answer;
    await new Promise((done) => setTimeout(done, ASK_AGAIN_MS));
  }
}

/** Has the browser save a file of a report; returns why it could not, null where it did, "" where no answer came. */
export async function save(choice: Choice, format: string, lang: string): Promise<Partial<Text> | "" | null> {
  try {
    const response = await fetch(`/api/v1/${queryOf(choice, format, lang)}`, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) return (await response.json()) as Partial<Text>;
    const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? `report.${format}`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await response.blob());
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
    return null;
  } catch {
    return "";
  }
}

const PARTS = new Set(["svg", "rect", "path", "circle", "text"]);

/** Shows a picture that the server drew: its parts are copied, and nothing that is none of them. */
export function picture(svg: string): (at: HTMLElement) => void {
  return (at) => {
    const root = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    for (const part of [root, ...root.querySelectorAll("*")]) if (!PARTS.has(part.tagName)) part.remove();
    at.replaceChildren(...(root.tagName === "svg" ? [document.importNode(root, true)] : []));
  };
}
