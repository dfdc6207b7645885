import assert from "node:assert/strict";
import { test } from "node:test";
import type { Trend } from "./types.ts";
import { csvOf, restOf, viewOf, within } from "./trendview.ts";

const trend = (sensor: string): Trend => ({
  sensor,
  type: "other",
  unit: "m",
  description: "",
  range: [null, null],
  limits: {},
  t_ms: [0, 1000],
  mean: [1.5, null],
  low: [1, null],
  high: [2, null],
});

test("a view comes back from its address", () => {
  const view = { sensors: ["a/b", "c?d"], period: "h8", shared: true, fixed: { fromMs: 5000, toMs: 9000 } } as const;
  assert.deepEqual(viewOf(restOf({ ...view, sensors: [...view.sensors] })), view);
  assert.equal(restOf({ sensors: ["a"], period: "h1", shared: false, fixed: null }), "a");
});

test("what makes no sense in an address is left out", () => {
  const many = Array.from({ length: 30 }, (_, i) => `s${i}`).join("\n");
  assert.equal(viewOf(many).sensors.length, 8);
  assert.deepEqual(viewOf("a\na\n?p=forever&s=2&f=x&t=3"), { sensors: ["a"], period: "h1", shared: false, fixed: null });
  assert.equal(viewOf("?p=constructor").period, "h1");
});

test("a stretch of time is never empty, backwards or endless", () => {
  assert.deepEqual(within(9000, 5000), { fromMs: 5000, toMs: 9000 });
  const short = within(5000, 5000);
  assert.equal(short.toMs - short.fromMs, 1000);
  const long = within(0, 1e16);
  assert.ok(long.toMs - long.fromMs <= 10 * 31_536_000_000);
});

test("names are text in a spreadsheet, and gaps are empty", () => {
  const [head, first, second] = csvOf([trend('=cmd("x"),1')]).split("\n");
  assert.equal(head, "time,sensor,unit,mean,low,high");
  assert.equal(first, `1970-01-01T00:00:00.000Z,"'=cmd(""x""),1",m,1.5,1,2`);
  assert.match(second ?? "", /,m,,,$/);
  for (const sign of "=+-@＝＋－＠") {
    assert.match(csvOf([trend(`${sign}1`)]), new RegExp(`,'[${sign}]1,m,`));
  }
});
