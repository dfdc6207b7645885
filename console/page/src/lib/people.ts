// Accounts, sessions, tokens and the audit log as the server tells of them, and how they are put in words.

import type { Answer } from "./api.ts";
import type { Dictionary } from "./en.ts";
import { clock, date } from "./format.ts";
import type { Me } from "./types.ts";

export type Role = Me["role"];
/** Gravest last: who has a role may give it and those before it to a token. */
export const ROLES: readonly Role[] = ["viewer", "operator", "admin"];

/** Whether the server refused it to the reader's role: then there is nothing to search or to add to either. */
export function refusedToRole(answer: Answer<unknown> | null): boolean {
  return answer !== null && !answer.ok && answer.code === "role";
}

/** A role and what it is limited to; null does not limit. */
export interface Grant {
  role: Role;
  area: string | null;
  enterprise: string | null;
}

export interface AccountRow extends Grant {
  name: string;
  disabled: boolean;
  must_change: boolean;
  sessions: number;
  seen_ms: number | null;
  me: boolean;
}

export interface SessionRow {
  id: string;
  name: string;
  begun_ms: number;
  seen_ms: number;
  until_ms: number;
  client: string;
  this: boolean;
}

export interface TokenRow extends Grant {
  id: string;
  owner: string;
  label: string;
  made_ms: number;
  until_ms: number;
  used_ms: number | null;
}

export interface AuditEntry {
  n: number;
  t_ms: number;
  who: string;
  client: string;
  action: string;
  subject: string;
  reason: string;
  outcome: string;
  /** JSON, or words, or nothing. */
  detail: string;
}

export interface Verification {
  whole: boolean;
  fault: { n: number; how: string } | null;
  head: { n: number; hash: string };
}

/** What a change answers that is told once. */
export type Once = { password?: string; token?: string } | null;

export function when(ms: number | null, never: string): string {
  return ms === null ? never : `${date(ms)} ${clock(ms)}`;
}

export function scopeText(t: Dictionary, { area, enterprise }: Pick<Grant, "area" | "enterprise">): string {
  const limits = [area && t.people.areaOf(area), enterprise && t.people.enterpriseOf(enterprise)].filter(Boolean);
  return limits.join(" · ") || t.people.everything;
}

/** All words of a search stand in one of the texts, whatever their case. */
export function found(search: string, texts: readonly string[]): boolean {
  const text = texts.join("\n").toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** An anchor as a person keeps it; undefined where it is none. */
export function anchorOf(text: string): { n: number; hash: string } | undefined {
  const [, n, hash] = /^\s*(\d{1,15})[\s,:]+([0-9a-f]{64})\s*$/i.exec(text) ?? [];
  return n && hash ? { n: Number(n), hash: hash.toLowerCase() } : undefined;
}

/** The query of an audit search; times of day are the browser's. */
export function auditQuery(asked: Record<string, string>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [key, text] of Object.entries(asked)) {
    if (!text.trim()) continue;
    if (key !== "from" && key !== "to") query.set(key, text.trim());
    else if (Number.isFinite(Date.parse(text))) query.set(`${key}_ms`, String(Date.parse(text)));
  }
  return query;
}
