import assert from "node:assert/strict";
import { test } from "node:test";
import { marksOf, scaleOf, share, sparkPath } from "./gauge.ts";

test("a scale is the range, or what the limits make of it", () => {
  assert.deepEqual(scaleOf({ range: [0, 14], limits: { h: 20 } }), { low: 0, high: 14 });
  assert.deepEqual(scaleOf({ range: [0, null], limits: { l: 10, h: 30 } }), { low: 0, high: 37.5 });
  assert.equal(scaleOf({ range: [null, null], limits: {} }), null);
  const alone = scaleOf({ range: [null, null], limits: { h: 0 } });
  assert.ok(alone && alone.low < 0 && alone.high > 0);
});

test("what is beyond a scale stands at its end, and a limit beyond it has no mark", () => {
  const scale = { low: 0, high: 10 };
  assert.deepEqual([-3, 0, 5, 10, 99].map((value) => share(value, scale)), [0, 0, 0.5, 1, 1]);
  const marks = marksOf({ range: [0, 10], limits: { ll: 1, h: 8, hh: 12, design: 9 } }, scale);
  assert.deepEqual(marks, [{ name: "ll", at: 0.1 }, { name: "h", at: 0.8 }]);
});

test("a sparkline has a gap where nothing came, and stays in its box", () => {
  const span = { start: 0, end: 10, gap: 2 };
  const box = { width: 100, height: 24 };
  assert.equal(sparkPath([0, 1, 8, 10], [1, 2, 3, 4], span, box).match(/M/g)?.length, 2);
  assert.equal(sparkPath([0, 5], [1, 1], span, box), "M0.0 12.0h0M50.0 12.0h0", "lone points are dots");
  assert.equal(sparkPath([], [], span, box), "");
  const y = sparkPath([0, 5, 10], [7, 7, 7], span, box).match(/ [\d.]+/g);
  assert.deepEqual(new Set(y), new Set([" 12.0"]));
});
