import assert from "node:assert/strict";
import { test } from "node:test";
import { countdown, number, secondsLeft, withUnit } from "./format.ts";

test("numbers", () => {
  const cases: [number | null, string][] = [
    [null, "–"],
    [Number.NaN, "–"],
    [10.620000001, "10.62"],
    [-0.5, "\u22120.5"],
    [123456.7, "123460"],
    [0, "0"],
    [1e-9, "1.00e\u22129"],
  ];
  for (const [value, text] of cases) assert.equal(number(value), text);
  assert.equal(withUnit(1.5, "m"), "1.5\u00a0m");
  assert.equal(withUnit(null, "m"), "–");
});

test("countdown", () => {
  assert.equal(countdown(59.9), "0:59");
  assert.equal(countdown(3661), "1:01:01");
  assert.equal(countdown(-5), "0:00");
  const time = "2026-01-01T00:00:00.000Z";
  assert.equal(secondsLeft(time, 600, Date.parse(time) + 60_000), 540);
  assert.equal(secondsLeft(time, null, 0), null);
  assert.equal(secondsLeft("no time", 600, 0), null);
});
