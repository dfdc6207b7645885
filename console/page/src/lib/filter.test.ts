import assert from "node:assert/strict";
import { test } from "node:test";
import { countsOf } from "./counts.ts";
import { EVERYTHING, type Filter, formatQuery, liesIn, parseQuery, passing } from "./filter.ts";
import type { AlertRow } from "./types.ts";

const NOW = Date.parse("2026-01-02T12:00:00.000Z");

const ROW = {
  id: "a1",
  state: "unack",
  grade: "orange",
  kind: "high",
  sensor: "lpg/LT-1",
  sensor_type: "level",
  area: "370211",
  enterprise: "lpg",
  source: "farm",
  equipment: "V-101",
  time: "2026-01-02T11:00:00.000Z",
  opened: "2026-01-02T11:00:00.000Z",
  title: { zh: "液位超过高限", en: "Level above high limit" },
  why: { assigned: { to: "li", by: "bo", time: "" } },
} as unknown as AlertRow;

function passes(filter: Partial<Filter>, row: Partial<AlertRow> = {}, me = "li"): boolean {
  return passing({ ...EVERYTHING, ...filter }, me, NOW)({ ...ROW, ...row } as AlertRow);
}

test("each condition lets pass what it says and nothing else", () => {
  const cases: [Partial<Filter>, boolean][] = [
    [{}, true],
    [{ grade: ["red", "orange"] }, true],
    [{ grade: ["red"] }, false],
    [{ state: ["unack"] }, true],
    [{ state: ["shelved"] }, false],
    [{ kind: ["high"] }, true],
    [{ kind: ["dead"] }, false],
    [{ type: ["level"] }, true],
    [{ type: ["gas_toxic"] }, false],
    [{ area: "370000" }, true],
    [{ area: "110000" }, false],
    [{ enterprise: "lpg" }, true],
    [{ enterprise: "lp" }, false],
    [{ source: "farm" }, true],
    [{ source: "dock" }, false],
    [{ equipment: "V-101" }, true],
    [{ equipment: "V-1" }, false],
    [{ sensor: "lpg/LT-1" }, true],
    [{ sensor: "lpg/LT-2" }, false],
    [{ text: "LT-1 above" }, true],
    [{ text: "液位 v-101" }, true],
    [{ text: "LT-1 below" }, false],
    [{ assigned: "me" }, true],
    [{ assigned: "bo" }, false],
    [{ assigned: "nobody" }, false],
    [{ unack: true }, true],
    [{ stale: true }, false],
    [{ older: 30 }, true],
    [{ older: 90 }, false],
    [{ newer: 90 }, true],
    [{ newer: 30 }, false],
    [{ grade: ["orange"], text: "nothing of this" }, false],
  ];
  for (const [filter, expected] of cases) assert.equal(passes(filter), expected, JSON.stringify(filter));
  assert.equal(passes({ assigned: "nobody" }, { why: {} }), true);
  assert.equal(passes({ assigned: "me" }, {}, "bo"), false);
});

test("stale is what stands for over a day and nobody holds back", () => {
  const old = { opened: "2026-01-01T11:59:00.000Z" };
  assert.equal(passes({ stale: true }, old), true);
  assert.equal(passes({ stale: true }, { ...old, state: "acked" }), true);
  assert.equal(passes({ stale: true }, { ...old, state: "rtnun" }), false);
  assert.equal(passes({ stale: true }, { ...old, state: "shelved" }), false);
});

test("an area holds all areas inside it", () => {
  assert.ok(liesIn("370211", "370200"));
  assert.ok(liesIn("370211", "370211"));
  assert.ok(!liesIn("370311", "370200"));
  assert.ok(liesIn("100100", "100000"), "zeros of the province are digits");
  assert.ok(!liesIn(null, "370000"));
});

test("what stands in the address is read again as it was, and nonsense means nothing", () => {
  const query = {
    filter: { ...EVERYTHING, grade: ["red"], text: "泵 & <b>", assigned: "me", older: 60, unack: true, sensor: "a/b?c" },
    sort: { column: "time", descending: true } as const,
    grouped: false,
  };
  assert.deepEqual(parseQuery(formatQuery(query)), query);
  assert.equal(formatQuery(parseQuery("")), "");
  assert.equal(formatQuery(parseQuery("older=-3&newer=x&sort=-nothing&unack=yes&__proto__=1&grade=,,")), "");
  assert.equal(parseQuery(`text=${"x".repeat(10_000)}`).filter.text.length, 200);
});

test("the lists one click away are counted in one walk", () => {
  const rows = [
    ROW,
    { ...ROW, id: "b", grade: "red", state: "shelved", why: {} },
    { ...ROW, id: "c", grade: "red", state: "acked", opened: "2026-01-01T00:00:00.000Z", why: {} },
    { ...ROW, id: "d", state: "closed" },
  ] as AlertRow[];
  const { byGrade, byPreset } = countsOf(rows, "li", NOW);
  assert.deepEqual(byGrade.red, { open: 2, unack: 0 });
  assert.deepEqual(byGrade.orange, { open: 1, unack: 1 });
  assert.deepEqual(byPreset, { all: 3, unacknowledged: 1, mine: 1, shelved: 1, suppressed: 0, out_of_service: 0, stale: 1 });
});
