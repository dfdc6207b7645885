import assert from "node:assert/strict";
import { test } from "node:test";
import { byGravity, opened, treeOf, wayTo, worst } from "./places.ts";
import type { Overview } from "./types.ts";

const text = (name: string) => ({ zh: name, en: name });
const OVERVIEW: Overview = {
  window_s: 600,
  activations: [0, 0, 0, 0, 0, 0],
  areas: [
    { code: "370200", name: text("city"), parent: null },
    { code: "370211", name: text("district"), parent: "370200" },
  ],
  enterprises: [
    { id: "lpg", name: text("LPG"), area: "370211", plan: null, sensors: 5, alive: 4, open: { red: 1, blue: 2 }, unacknowledged: 2 },
    { id: "cold", name: text("Cold"), area: null, plan: null, sensors: 1, alive: 1, open: {}, unacknowledged: 0 },
  ],
  sources: [
    {
      id: "farm", enterprise: "lpg", name: text("Farm"), grade: "Ⅲ", r: 37.5, lon: null, lat: null, chemicals: [],
      sensors: 3, alive: 2, open: { red: 1 }, unacknowledged: 1,
    },
  ],
  elsewhere: { sensors: 1, alive: 1, open: { yellow: 1 }, unacknowledged: 1 },
  map: null,
  tiles: null,
};

test("counts are added up from the enterprises, and what belongs to none is kept apart", () => {
  const root = treeOf(OVERVIEW, text("all"), text("elsewhere"));
  assert.deepEqual(root.children.map((child) => child.key), ["a:370200", "e:cold", "x:"]);
  assert.deepEqual(root.counts, { sensors: 7, alive: 6, open: { red: 1, yellow: 1, blue: 2 }, unacknowledged: 3 });
  assert.equal(opened(root.counts), 4);
  assert.equal(worst(root.children[1]!.counts), null);
});

test("the way leads down to a source, and to the root where there is no such place", () => {
  const root = treeOf(OVERVIEW, text("all"), text("elsewhere"));
  assert.deepEqual(wayTo(root, "s:farm").map((node) => node.key), ["", "a:370200", "a:370211", "e:lpg", "s:farm"]);
  assert.deepEqual(wayTo(root, "s:gone").map((node) => node.key), [""]);
});

test("the gravest place comes first", () => {
  const root = treeOf(OVERVIEW, text("all"), text("elsewhere"));
  assert.deepEqual(byGravity(root.children).map((node) => node.key), ["a:370200", "x:", "e:cold"]);
});
