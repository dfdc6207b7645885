import assert from "node:assert/strict";
import { test } from "node:test";
import { dayAfter, dayAt, midnightOf, momentAt, nextMonth } from "./zone.ts";

test("a day begins at midnight of the zone, whatever the browser's", () => {
  assert.equal(midnightOf("2026-11-26", "Asia/Shanghai"), Date.parse("2026-11-25T16:00:00Z"));
  assert.equal(midnightOf("2026-11-26", "UTC"), Date.parse("2026-11-26T00:00:00Z"));
});

test("days on which clocks are changed have 23 and 25 hours", () => {
  const length = (day: string) => (midnightOf(dayAfter(day), "Europe/Berlin") - midnightOf(day, "Europe/Berlin")) / 3_600_000;
  assert.deepEqual(["2026-03-28", "2026-03-29", "2026-10-25"].map(length), [24, 23, 25]);
});

test("an instant is told by the zone's day and clock", () => {
  const ms = Date.parse("2026-11-25T16:30:00Z");
  assert.equal(dayAt(ms, "Asia/Shanghai"), "2026-11-26");
  assert.equal(momentAt(ms, "Asia/Shanghai"), "2026-11-26 00:30");
});

test("what is no day has no midnight, and months follow each other over the year's end", () => {
  assert.ok(Number.isNaN(midnightOf("", "UTC")));
  assert.deepEqual([nextMonth("2026-11"), nextMonth("2026-12")], ["2026-12", "2027-01"]);
  assert.equal(dayAfter("2026-02-28"), "2026-03-01");
});
