import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlaceNode } from "./places.ts";
import type { AlertRow, AlertState, Grade } from "./types.ts";
import { newest, worstPlaces } from "./wall.ts";

const row = (id: string, opened: string, state: AlertState = "unack"): AlertRow => ({ id, opened, time: opened, state }) as AlertRow;

test("the newest unacknowledged alerts come first, and what is left out is counted", () => {
  const rows = [row("a", "2026-01-01T00:00:01Z"), row("b", "2026-01-01T00:00:03Z"), row("c", "2026-01-01T00:00:04Z", "acked"), row("d", "2026-01-01T00:00:02Z")];
  const found = newest(rows, 2);
  assert.deepEqual(found.rows.map((one) => one.id), ["b", "d"]);
  assert.equal(found.all, 3);
});

function place(key: string, open: Partial<Record<Grade, number>>, children: PlaceNode[] = []): PlaceNode {
  return { key, kind: "source", name: { zh: key, en: key }, counts: { sensors: 1, alive: 1, open, unacknowledged: 0 }, children, sourceGrade: null };
}

test("the worst places are the lowest ones with something open, gravest first", () => {
  const root = place("", {}, [place("e:1", {}, [place("s:1", { yellow: 4 }), place("s:2", {})]), place("s:3", { red: 1 })]);
  assert.deepEqual(worstPlaces(root, 5).map((one) => one.key), ["s:3", "s:1"]);
  assert.equal(worstPlaces(root, 1).length, 1);
});
