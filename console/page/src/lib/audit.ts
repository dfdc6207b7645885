// The rows of the audit log in words: what the log keeps for programs, no reader is shown as it stands.

import type { Dictionary } from "./en.ts";
import { span } from "./format.ts";
import { type AuditEntry, scopeText, when } from "./people.ts";
import type { Text } from "./types.ts";

type Told = Record<string, unknown>;
type Of = (text: Partial<Text>) => string;

/** More of a list are counted only. */
const LISTED = 20;

export function outcomeText(t: Dictionary, code: string): string {
  return named(t.audit.outcomeOf, code) ?? t.audit.outcomeOf.refused;
}

/** What a deed was about: an id or a name as it is, a place and a kind of report in words. */
export function subjectText(t: Dictionary, { action, subject }: Pick<AuditEntry, "action" | "subject">): string {
  if (action === "export_report") return named(t.reports.kind, subject) ?? subject;
  const [, kind = "", id = ""] = /^(\w+)\/(.+)$/s.exec(subject) ?? [];
  const place = ABOUT_PLACES.has(action) ? named(t.rules.placeKind, kind) : undefined;
  return place ? `${place} ${id}` : subject;
}

const ABOUT_PLACES = new Set(["suppress", "unsuppress", "take_out_of_service", "put_in_service"]);

/** What a row tells beside its reason; `causes` are those of the alarms file. */
export function detailText(t: Dictionary, detail: string, of: Of, causes: Record<string, Text> = {}): string {
  const told = parsed(detail);
  if (told === null) return detail.startsWith("{") ? t.audit.tooLong : detail;
  const { was, is, ...rest } = told;
  if (isRecord(was) && isRecord(is)) return `${grantText(t, was)} → ${grantText(t, is)}`;
  if (typeof rest.role === "string") {
    const days = typeof rest.days === "number" ? ` · ${t.people.audit.days(rest.days)}` : "";
    return grantText(t, rest) + days;
  }
  if (typeof rest.before === "number") return t.people.audit.before(rest.before);
  return toldText(t, rest, of, causes);
}

function toldText(t: Dictionary, told: Told, of: Of, causes: Record<string, Text>): string {
  return Object.entries(told)
    .map(([key, value]) => t.audit.told(named(t.audit.keyOf, key) ?? t.audit.further, valueText(t, key, value, of, causes)))
    .join(" · ");
}

function valueText(t: Dictionary, key: string, value: unknown, of: Of, causes: Record<string, Text>): string {
  if (typeof value === "boolean") return value ? t.yes : t.no;
  if (typeof value === "number") return numberText(t, key, value);
  if (Array.isArray(value)) {
    const shown = value.slice(0, LISTED).map((one) => valueText(t, key, one, of, causes));
    return [...shown, ...(value.length > LISTED ? [t.audit.more(value.length - LISTED)] : [])].join(", ");
  }
  if (isRecord(value)) {
    if (key === "replaced") return `[${toldText(t, value, of, causes)}]`;
    const { kind, id } = value;
    return typeof kind === "string" && typeof id === "string" ? `${named(t.rules.placeKind, kind) ?? ""} ${id}`.trim() : of(value);
  }
  return typeof value === "string" ? wordText(t, key, value, of, causes) : "–";
}

function numberText(t: Dictionary, key: string, value: number): string {
  if (key.endsWith("_ns")) return when(value / 1e6, "");
  if (key.endsWith("_ms")) return when(value, "");
  return key.endsWith("_s") ? span(t, value) : String(value);
}

function wordText(t: Dictionary, key: string, word: string, of: Of, causes: Record<string, Text>): string {
  switch (key) {
    case "cause":
      return (causes[word] && of(causes[word])) ?? word;
    case "slot":
      return word === "process" ? t.audit.process : (named(t.kind, word) ?? word);
    case "source":
      return named(t.audit.sourceOf, word) ?? word;
    case "format":
      return word.toUpperCase();
    default:
      return word;
  }
}

function grantText(t: Dictionary, told: Told): string {
  const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
  const role = text(told.role) ?? "";
  return `${named(t.role, role) ?? role}, ${scopeText(t, { area: text(told.area), enterprise: text(told.enterprise) })}`;
}

function named(words: Record<string, string>, key: string): string | undefined {
  return Object.hasOwn(words, key) ? words[key] : undefined;
}

function parsed(text: string): Told | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null; // words, or JSON that was cut
  }
}

function isRecord(value: unknown): value is Told {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
