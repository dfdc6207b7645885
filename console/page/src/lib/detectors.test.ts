import assert from "node:assert/strict";
import { test } from "node:test";
import { settingValue } from "./detectors.ts";
import { en } from "./en.ts";

test("a setting of the methods is told with its unit, a span as a span, a switch in words", () => {
  const told = (key: string, value: number | null) => settingValue(en, key, value).replace("\u00a0", " ");
  assert.equal(told("z_threshold", 8), "8 σ");
  assert.equal(told("mode_idle_s", 14400), "4 h");
  assert.equal(told("rate_pct_per_min", 20), "20 %/min");
  assert.equal(told("stuck_false_per_day", 0.001), "0.001 a day");
  assert.equal(told("z_samples", 3), "3");
  assert.equal(told("saturation_ends", 2), "both");
  assert.equal(told("vote_needed", 0), "the majority");
  assert.equal(told("group", 1), "yes");
  assert.equal(told("forecast_s", null), "off");
});
