import assert from "node:assert/strict";
import { test } from "node:test";
import { COLUMNS, compareRows, isOver, isUnacknowledged, orderBy, ordersFor } from "./order.ts";
import type { AlertRow, AlertState, Grade } from "./types.ts";

function row(id: string, grade: Grade, state: AlertState, time = "2026-01-01T00:00:00.000Z"): AlertRow {
  return { id, grade, state, time, opened: null, why: {} } as AlertRow;
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

test("what is held comes last, whatever its grade, and is not hidden", () => {
  const rows = [row("shelved red", "red", "shelved"), row("acked blue", "blue", "acked"), row("latched", "blue", "lunak")];
  assert.deepEqual(
    rows.sort(compareRows).map((r) => r.id),
    ["latched", "acked blue", "shelved red"],
  );
});

test("every state says whether it wants an acknowledgement and whether the condition is over", () => {
  const states: AlertState[] = ["unack", "acked", "rtnun", "lunak", "lackd", "shelved", "suppressed", "out_of_service", "closed"];
  const of = (is: (r: AlertRow) => boolean) => states.filter((state) => is(row("a", "red", state)));
  assert.deepEqual(of(isUnacknowledged), ["unack", "rtnun", "lunak"]);
  assert.deepEqual(of(isOver), ["rtnun", "lunak", "lackd", "closed"]);
});

test("the commands that a state allows", () => {
  assert.deepEqual(ordersFor(row("a", "red", "unack")), ["confirm", "shelve", "assign", "comment"]);
  assert.deepEqual(ordersFor(row("a", "red", "rtnun")), ["confirm", "assign", "comment"]);
  assert.deepEqual(ordersFor(row("a", "red", "lackd")), ["confirm", "reset", "shelve", "assign", "comment"]);
  assert.deepEqual(ordersFor(row("a", "red", "shelved")), ["confirm", "unshelve", "assign", "comment"]);
  assert.deepEqual(ordersFor(row("a", "red", "closed")), ["confirm", "comment"]);
  const done = { ...row("a", "red", "acked"), why: { confirmed: { by: "li", time: "", cause: "", cause_name: { zh: "", en: "" }, action: "" } } };
  assert.deepEqual(ordersFor(done), ["shelve", "assign", "comment"]);
});

test("every column orders both ways, with what is empty last and the list's own order where equal", () => {
  const full = { title: { zh: "", en: "" }, unit: null, value: null, forecast_s: null, acknowledged_at: null };
  const rows = [
    { ...row("a", "red", "unack"), ...full, value: 5, unit: "m", forecast_s: 60, title: { zh: "乙", en: "B" }, enterprise: "x" },
    { ...row("b", "blue", "acked"), ...full, value: 9, unit: "m", acknowledged_at: "2026-01-01T00:00:05.000Z", title: { zh: "丙", en: "A" } },
    { ...row("c", "blue", "unack", "2026-01-01T00:01:00.000Z"), ...full, value: 1, unit: "bar", forecast_s: 30, title: { zh: "甲", en: "C" } },
    { ...row("d", "orange", "rtnun"), ...full },
  ] as AlertRow[];
  const by = (column: (typeof COLUMNS)[number], descending = false) => [...rows].sort(orderBy({ column, descending }, "en")).map((r) => r.id).join("");
  assert.equal(by("grade"), "adcb");
  assert.equal(by("grade", true), "cbda");
  assert.equal(by("state"), "acdb");
  assert.equal(by("title"), "dbac");
  assert.equal(by("time", true)[0], "c");
  assert.equal(by("value"), "cabd", "figures of one unit stand together");
  assert.equal(by("value", true), "bacd", "what has no figure stays last");
  assert.equal(by("forecast"), "acdb", "by when the limit is reached, not by the seconds told");
  assert.equal(by("place"), "adcb");
  assert.equal(by("command"), "badc");
  for (const column of COLUMNS) {
    const compare = orderBy({ column, descending: true }, "zh");
    for (const one of rows) for (const other of rows) assert.equal(compare(one, other) === 0, one === other, "the order is total");
  }
});
