import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange, compareRows, countByGrade } from "./order.ts";
import type { AlertRow, AlertState, Grade } from "./types.ts";

function row(id: string, grade: Grade, state: AlertState, time = "2026-01-01T00:00:00.000Z"): AlertRow {
  return { id, grade, state, time, opened: null } as AlertRow;
}

function mapOf(...rows: AlertRow[]): Map<string, AlertRow> {
  return new Map(rows.map((r) => [r.id, r]));
}

test("unacknowledged and gravest first, then the newest", () => {
  const rows = [
    row("acked red", "red", "acked"),
    row("old orange", "orange", "unack"),
    row("new orange", "orange", "unack", "2026-01-01T00:00:01.000Z"),
    row("returned orange", "orange", "rtnun", "2026-01-02T00:00:00.000Z"),
    row("red", "red", "unack"),
    row("blue", "blue", "unack"),
  ];
  assert.deepEqual(
    rows.sort(compareRows).map((r) => r.id),
    ["red", "new orange", "old orange", "returned orange", "blue", "acked red"],
  );
});

test("a list that holds still moves no row; what is new waits, gravest first", () => {
  const before = arrange(mapOf(row("a", "blue", "unack"), row("b", "blue", "acked")), { shown: [], waiting: [] }, false);
  const rows = mapOf(row("b", "blue", "acked"), row("y", "yellow", "unack"), row("r", "red", "unack"));
  const still = arrange(rows, before, true);
  assert.deepEqual(still, { shown: ["a", "b"], waiting: ["r", "y"] });
  assert.deepEqual(arrange(rows, still, false), { shown: ["r", "y", "b"], waiting: [] });
});

test("counts by grade", () => {
  const counts = countByGrade([row("a", "red", "unack"), row("b", "red", "acked"), row("c", "blue", "rtnun")]);
  assert.deepEqual(counts.red, { open: 2, unack: 1 });
  assert.deepEqual(counts.blue, { open: 1, unack: 1 });
  assert.deepEqual(counts.orange, { open: 0, unack: 0 });
});
