import assert from "node:assert/strict";
import { test } from "node:test";
import { isGroup, Listing } from "./listing.ts";
import { compareRows, orderBy } from "./order.ts";
import type { AlertRow, AlertState, Grade } from "./types.ts";

let seq = 0;

function row(id: string, grade: Grade, state: AlertState = "unack", incident = "", size = 2): AlertRow {
  seq += 1;
  const first_out = { alert: "a", sensor: "s", time: "", title: { zh: "首", en: "first" } };
  const why = incident ? { incident: { id: incident, size, grade, first_out, sensors: 1 } } : {};
  return { id, seq, grade, state, time: "2026-01-01T00:00:00.000Z", opened: null, why } as AlertRow;
}

function listing(...rows: AlertRow[]): Listing {
  const list = new Listing({ passes: () => true, compare: compareRows, grouped: false });
  list.load(rows);
  return list;
}

const ids = (list: Listing): string => list.items().map((item) => item.id).join(" ");

test("whatever comes in whatever order, the list stands as if it were sorted anew", () => {
  const grades: Grade[] = ["red", "orange", "yellow", "blue"];
  const states: AlertState[] = ["unack", "acked", "rtnun", "shelved", "closed"];
  const list = listing();
  const known = new Map<string, AlertRow>();
  let dice = 1;
  const roll = (n: number): number => (dice = (dice * 48_271) % 2_147_483_647) % n;
  for (let i = 0; i < 3000; i += 1) {
    const next = row(`a${roll(200)}`, grades[roll(4)] ?? "red", states[roll(5)] ?? "unack");
    list.put(next);
    if (next.state === "closed") known.delete(next.id);
    else known.set(next.id, next);
  }
  const sorted = [...known.values()].sort(compareRows).map((r) => r.id);
  assert.equal(ids(list), sorted.join(" "));
  assert.equal(list.size, known.size);
});

test("one event among ten thousand asks for few comparisons", () => {
  let asked = 0;
  const compare = (a: AlertRow, b: AlertRow): number => ((asked += 1), compareRows(a, b));
  const list = new Listing({ passes: () => true, compare, grouped: false });
  list.load(Array.from({ length: 10_000 }, (_, i) => row(`a${i}`, "blue")));
  asked = 0;
  list.put(row("a77", "red"));
  assert.ok(asked < 40, `${asked} comparisons`);
  assert.equal(list.items()[0]?.id, "a77");
});

test("a list that holds still moves no row; what is new waits, gravest first", () => {
  const list = listing(row("a", "blue"), row("b", "blue", "acked"));
  list.hold(true);
  for (const next of [row("a", "blue", "closed"), row("y", "yellow"), row("r", "red")]) list.put(next);
  assert.equal(ids(list), "a b");
  assert.equal(list.row("a")?.state, "closed", "it stays in sight, as what it is now");
  assert.deepEqual([list.waiting().count, list.waiting().gravest?.id], [2, "r"]);
  list.put(row("r", "red", "closed"));
  assert.deepEqual([list.waiting().count, list.waiting().gravest?.id], [1, "y"]);
  list.letIn();
  assert.equal(ids(list), "y b");
  assert.ok(list.still, "who asks for what waits goes on pointing");
  list.put(row("z", "red"));
  assert.equal(ids(list), "y b");
  list.hold(false);
  assert.equal(ids(list), "z y b");
  assert.equal(list.row("a"), undefined);
});

test("a row that a filter no longer lets pass stays while the list holds still, and what does not pass does not wait", () => {
  const list = new Listing({ passes: (r) => r.state === "unack", compare: compareRows, grouped: false });
  list.load([row("a", "red"), row("b", "red")]);
  list.hold(true);
  list.put(row("a", "red", "acked"));
  list.put(row("c", "blue", "acked"));
  assert.equal(ids(list), "a b");
  assert.equal(list.row("a")?.state, "acked");
  assert.equal(list.waiting().count, 0);
  list.hold(false);
  assert.equal(ids(list), "b");
});

test("all anew while the list holds still: what is gone reads as closed, what is new waits", () => {
  const list = listing(row("a", "red"), row("b", "blue"));
  list.hold(true);
  list.load([row("b", "blue"), row("c", "red")]);
  assert.equal(ids(list), "a b");
  assert.equal(list.row("a")?.state, "closed");
  assert.equal(list.waiting().gravest?.id, "c");
});

test("who asks for another order or filter gets it at once, pointer or not", () => {
  const list = listing(row("a", "red"), row("b", "blue"));
  list.hold(true);
  list.put(row("c", "yellow"));
  list.reshape({ passes: (r) => r.grade !== "red", compare: orderBy({ column: "grade", descending: true }, "en"), grouped: false });
  assert.equal(ids(list), "b c");
  assert.equal(list.waiting().count, 0);
});

test("alerts of an incident stand together where the first of them would, folded until somebody looks", () => {
  const list = listing(row("a", "red", "acked", "i"), row("b", "orange"), row("c", "yellow", "unack", "i", 7), row("d", "blue", "unack", "j", 1));
  list.reshape({ passes: () => true, compare: compareRows, grouped: true });
  assert.equal(ids(list), "b incident:i d", "one alone is no group");
  const group = list.items()[1];
  assert.ok(group && isGroup(group));
  assert.deepEqual([group.grade, group.size, group.members.map((r) => r.id), group.firstOut?.alert], ["red", 7, ["c", "a"], "a"]);
  list.toggle(group);
  assert.equal(ids(list), "b incident:i c a d");
  list.hold(true);
  const open = list.items()[1];
  assert.ok(open && isGroup(open));
  list.put(row("e", "red", "unack", "i"));
  list.toggle(open);
  assert.equal(ids(list), "b incident:i d", "folding lets nothing else in");
  assert.equal(list.waiting().count, 1);
  list.hold(false);
  assert.equal(ids(list), "incident:i b d");
});
