import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, countdown, date, inTwoLanguages, number, secondsLeft, withLocalTimes, withUnit, zone } from "./format.ts";

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

test("times inside a text are told in the zone shown, and what is no time stays", () => {
  const told = (time: string) => `${date(Date.parse(time))} ${clock(Date.parse(time))} ${zone(Date.parse(time))}`;
  const [a, b] = ["2026-11-26T03:04:05.678Z", "2026-11-26T03:04:05Z"];
  assert.equal(withLocalTimes(`自 ${a} 起，至 ${b}`), `自 ${told(a)} 起，至 ${told(b)}`);
  assert.match(told(a), /UTC[+\u2212]\d+/);
  for (const text of ["", "pump P-101", "at 2026-13-45T03:04:05.678Z"]) assert.equal(withLocalTimes(text), text);
});

test("a description in two languages", () => {
  assert.deepEqual(inTwoLanguages("1号球罐液位 / Sphere 1 level"), { zh: "1号球罐液位", en: "Sphere 1 level" });
  assert.deepEqual(inTwoLanguages("Sphere 1 level / 1号球罐液位"), { zh: "1号球罐液位", en: "Sphere 1 level" });
  for (const whole of ["进料/出料阀", "进料 / 出料阀", "in / out", "液位 / ", " / level", "/", ""]) assert.deepEqual(inTwoLanguages(whole), { zh: whole, en: whole });
});
