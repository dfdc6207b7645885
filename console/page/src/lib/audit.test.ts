import assert from "node:assert/strict";
import { test } from "node:test";
import { detailText, outcomeText, subjectText } from "./audit.ts";
import { en } from "./en.ts";
import { when } from "./people.ts";
import { zh } from "./zh.ts";

const told = (detail: unknown) =>
  detailText(en, typeof detail === "string" ? detail : JSON.stringify(detail), (text) => text.en ?? "", {
    misuse: { zh: "误操作", en: "Operating error" },
  });

test("a change of an account is told as role and scope before and after", () => {
  assert.equal(told({ was: { role: "operator" }, is: { role: "viewer", enterprise: "bh-lpg" } }), "operator, no limit → viewer, enterprise bh-lpg");
  assert.equal(told({ role: "operator", area: "370211", days: 30, id: "x" }), "operator, area 370211 · 30 d");
});

test("a time is told in the reader's zone, a span as a span, and an enumeration in words", () => {
  const ms = Date.UTC(2026, 10, 26, 8);
  assert.equal(told({ for_s: 5400, one_shot: true }), "For: 90 min · Only until it returns to normal: yes");
  assert.equal(told({ source: "store", from_ms: ms }), `Replayed from: the time-series store · From: ${when(ms, "")}`);
  assert.equal(told({ until_ns: ms * 1e6, slot: "bad_quality" }), `Until: ${when(ms, "")} · Kind of alert: Bad quality`);
  assert.equal(told({ place: { kind: "equipment", id: "T-1" }, format: "pdf" }), "Place: Equipment T-1 · File: PDF");
  assert.equal(told({ cause: "misuse", step: { zh: "停泵", en: "Stop the pump" }, done: false }), "Cause: Operating error · Measure: Stop the pump · Carried out: no");
  assert.equal(
    told({ permit: "P-7", replaced: { from_ns: ms * 1e6, until_ns: null, by: "li", reason: "weld" } }),
    `Work permit: P-7 · Took the place of: [From: ${when(ms, "")} · Until: – · By: li · Reason: weld]`,
  );
  assert.match(told({ alerts: Array.from({ length: 25 }, (_, i) => `a${i}`) }), /^Alerts: a0, .*, a19, and 5 more$/);
  assert.equal(detailText(zh, '{"for_s":7200}', () => ""), "时长：2 小时");
});

test("words are shown as they were noted, and what was cut not as what is left of it", () => {
  for (const text of ["", "words", "[1]", "null"]) assert.equal(told(text), text);
  assert.equal(told('{"a": "cut'), en.audit.tooLong);
});

test("neither a subject nor an outcome shows a key", () => {
  assert.equal(subjectText(en, { action: "suppress", subject: "source/works/tank-farm" }), "Hazard source works/tank-farm");
  assert.equal(subjectText(en, { action: "export_report", subject: "handover" }), "Shift hand-over");
  assert.equal(subjectText(en, { action: "shelve", subject: "source/LT-1" }), "source/LT-1");
  assert.equal(outcomeText(en, "moved_on"), "refused: alert had changed since it was looked at");
  assert.equal(outcomeText(en, "constructor"), "refused");
});
