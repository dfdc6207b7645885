import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange, compareRows, countByGrade, isOver, isUnacknowledged, ordersFor } from "./order.ts";
import type { AlertRow, AlertState, Grade } from "./types.ts";

function row(id: string, grade: Grade, state: AlertState, time = "2026-01-01T00:00:00.000Z"): AlertRow {
  return { id, grade, state, time, opened: null, why: {} } as AlertRow;
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

test("what is held comes last, whatever its grade, and is not hidden", () => {
  const rows = [row("shelved red", "red", "shelved"), row("acked blue", "blue", "acked"), row("latched", "blue", "lunak")];
  assert.deepEqual(
    rows.sort(compareRows).map((r) => r.id),
    ["latched", "acked blue", "shelved red"],
  );
  assert.equal(countByGrade(rows).red.open, 1);
});

test("every state says whether it wants an acknowledgement and whether the condition is over", () => {
  const states: AlertState[] = ["unack", "acked", "rtnun", "lunak", "lackd", "shelved", "suppressed", "out_of_service", "closed"];
  const of = (is: (r: AlertRow) => boolean) => states.filter((state) => is(row("a", "red", state)));
  assert.deepEqual(of(isUnacknowledged), ["unack", "rtnun", "lunak"]);
  assert.deepEqual(of(isOver), ["rtnun", "lunak", "lackd", "closed"]);
});

test("the commands that a state allows", () => {
  assert.deepEqual(ordersFor(row("a", "red", "unack")), ["confirm", "shelve", "comment"]);
  assert.deepEqual(ordersFor(row("a", "red", "rtnun")), ["confirm", "comment"]);
  assert.deepEqual(ordersFor(row("a", "red", "lackd")), ["confirm", "reset", "shelve", "comment"]);
  assert.deepEqual(ordersFor(row("a", "red", "shelved")), ["confirm", "unshelve", "comment"]);
  assert.deepEqual(ordersFor(row("a", "red", "closed")), ["confirm", "comment"]);
  const done = { ...row("a", "red", "acked"), why: { confirmed: { by: "li", time: "", cause: "", cause_name: { zh: "", en: "" }, action: "" } } };
  assert.deepEqual(ordersFor(done), ["shelve", "comment"]);
});
