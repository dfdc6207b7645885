// All alerts that stand open, as the server has them at one moment.

import { callLines } from "./lines.ts";
import type { AlertRow, AlertsHead } from "./types.ts";

export interface AlertsAnswer {
  status: number;
  /** Null where the answer broke off, or none came. */
  head: AlertsHead | null;
  rows: AlertRow[];
}

/** Ask for them, of the present where `live`. */
export async function askAlerts(live = false): Promise<AlertsAnswer> {
  const rows: AlertRow[] = [];
  const heads: AlertsHead[] = [];
  const take = (line: unknown): void => void (heads.length === 0 ? heads.push(line as AlertsHead) : rows.push(line as AlertRow));
  const status = await callLines("alerts", take, live);
  const head = heads[0] ?? null;
  return { status, head: head?.count === rows.length ? head : null, rows };
}
