import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "./en.ts";
import { anchorOf, auditQuery, detailText, found } from "./people.ts";

test("a change of an account is told as role and scope before and after", () => {
  const detail = JSON.stringify({ was: { role: "operator" }, is: { role: "viewer", enterprise: "bh-lpg" } });
  assert.equal(detailText(en, detail), "operator, no limit → viewer, enterprise bh-lpg");
  assert.equal(detailText(en, '{"role":"operator","area":"370211","days":30,"id":"x"}'), "operator, area 370211 · 30 d");
});

test("what is no JSON, or was cut, is shown as it was noted", () => {
  for (const text of ["", "words", '{"a": "cut', "[1]", "null"]) assert.equal(detailText(en, text), text);
  assert.equal(detailText(en, '{"for_s":600,"one_shot":true}'), "for_s: 600 · one_shot: true");
});

test("an anchor is a number and a hash, and nothing else", () => {
  const hash = "0a".repeat(32);
  assert.deepEqual(anchorOf(` 12 ${hash}\n`), { n: 12, hash });
  for (const text of ["", "12", hash, `12 ${hash}0`, `-1 ${hash}`]) assert.equal(anchorOf(text), undefined);
});

test("only what is filled in is asked for", () => {
  const query = auditQuery({ who: " li ", action: "", words: "two words", from: "2026-11-26T08:00", to: "no time" });
  assert.deepEqual([...query.keys()], ["who", "words", "from_ms"]);
  assert.equal(query.get("who"), "li");
  assert.equal(Number(query.get("from_ms")), new Date(2026, 10, 26, 8).getTime());
});

test("all words of a search must stand somewhere, in whatever case", () => {
  assert.ok(found("", ["li"]));
  assert.ok(found("LI oper", ["li", "operator"]));
  assert.ok(!found("li admin", ["li", "operator"]));
});
