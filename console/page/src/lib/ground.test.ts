import assert from "node:assert/strict";
import { test } from "node:test";
import { clear, gather, middle, windArrow } from "./ground.ts";

test("marks that would cover each other become one", () => {
  const groups = gather([{ x: 0, y: 0 }, { x: 30, y: 5 }, { x: 90, y: 0 }], { x: 40, y: 20 });
  assert.deepEqual(groups.map((one) => one.members.length), [2, 1]);
});

test("a label gives way to a mark and to the label before it", () => {
  const kept = clear([{ x: 0, y: 0 }, { x: 50, y: 0 }, { x: 60, y: 0 }], [{ x: 5, y: 5 }], { x: 20, y: 20 });
  assert.deepEqual(kept, [{ x: 50, y: 0 }]);
});

test("a westerly flies to the right of a plan that has north up, and up where north lies left", () => {
  assert.equal(windArrow(270, 0), 90);
  assert.equal(windArrow(270, -90), 0);
  assert.equal(middle([]), null);
  assert.deepEqual(middle([{ x: 0, y: 2 }, { x: 4, y: 0 }]), { x: 2, y: 1 });
});
