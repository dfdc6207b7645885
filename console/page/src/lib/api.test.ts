import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "./api.ts";

test("an id that is a step in an address leads to no other route", async (t) => {
  const asked: string[] = [];
  t.mock.method(globalThis, "fetch", (url: string) => {
    asked.push(url);
    return Promise.resolve(new Response("{}", { status: 200 }));
  });
  for (const path of ["alerts/..", "sources/../overview?after=0", "sources/a/./now", "../../healthz"]) {
    assert.deepEqual(await call(path), { ok: false, status: 404, code: "not_found", text: null });
  }
  assert.deepEqual(asked, []);
  for (const path of ["alerts/...", "sources/a/..b?after=../..", "sensors/x%2F..%2Fy/trend"]) assert.equal((await call(path)).ok, true);
  assert.equal(asked.length, 3);
});
