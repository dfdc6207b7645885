import assert from "node:assert/strict";
import { test } from "node:test";
import type { SensorFacts, SourceNow } from "../components/source/types.ts";
import { shapeOf, shownOf } from "./source.ts";
import type { AlertRow } from "./types.ts";

const facts = (id: string, equipment: string | null): SensorFacts => ({
  id, equipment, type: "level", unit: "m", description: "", limits: {}, range: [0, 1], at: null,
});
const alert = (id: string, sensor: string, grade: string): AlertRow => ({ id, sensor, grade }) as AlertRow;
const held = (kind: string, id: string): SourceNow["arrangements"][number] =>
  ({ kind: "shelved", place: { kind, id, slot: null } }) as SourceNow["arrangements"][number];

test("a sensor has its gravest alert, and what holds it back at itself, its equipment and the source", () => {
  const now: SourceNow = {
    sensors: { "e/a": { t_ms: 1, value: 2, health: [] } },
    alerts: [alert("1", "e/a", "blue"), alert("2", "e/a", "red"), alert("3", "e/a", "yellow")],
    arrangements: [held("slot", "e/a"), held("equipment", "T"), held("source", "S"), held("sensor", "e/b")],
    wind: { speed: null, unit: "", from_deg: null },
  };
  const [a, b] = shownOf([facts("e/a", "T"), facts("e/b", null)], "S", now);
  assert.equal(a?.alert?.id, "2");
  assert.equal(a?.held.length, 3);
  assert.equal(b?.alert, null);
  assert.equal(b?.held.length, 2);
  assert.deepEqual(b?.reading.health, ["never"]);
});

test("a kind that is not known is a box", () => {
  assert.equal(shapeOf(" Sphere "), "sphere");
  assert.equal(shapeOf("<script>"), "box");
  assert.equal(shapeOf("constructor"), "box");
});
