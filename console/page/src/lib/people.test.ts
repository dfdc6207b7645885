import assert from "node:assert/strict";
import { test } from "node:test";
import { anchorOf, auditQuery, found } from "./people.ts";

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
