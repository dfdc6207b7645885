import assert from "node:assert/strict";
import { test } from "node:test";
import { takeLines } from "./lines.ts";

test("lines are taken whole, however they were cut, and what has no end yet is kept", async () => {
  const text = '{"n":1}\n{"t":"\\n泵"}\n[2]\n';
  for (let cut = 0; cut <= text.length; cut += 1) {
    const taken: unknown[] = [];
    const rest = await takeLines(text.slice(0, cut), (value) => taken.push(value));
    assert.equal(await takeLines(rest + text.slice(cut), (value) => taken.push(value)), "");
    assert.deepEqual(taken, [{ n: 1 }, { t: "\n泵" }, [2]]);
  }
});
