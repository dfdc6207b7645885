import assert from "node:assert/strict";
import { test } from "node:test";
import { Sounding } from "./sounding.ts";
import type { AlertRow, AlertState, Grade } from "./types.ts";

let seq = 0;

function row(id: string, grade: Grade, state: AlertState = "unack", event = "opened"): AlertRow {
  seq += 1;
  return { id, grade, state, event, seq } as AlertRow;
}

test("the gravest unacknowledged alert sounds until somebody acknowledges it", () => {
  const heard = new Sounding();
  assert.equal(heard.gravest, null);
  heard.take(row("a", "yellow"));
  heard.take(row("b", "red"));
  heard.take(row("c", "red", "shelved"));
  assert.equal(heard.gravest, "red");
  heard.take(row("b", "red", "acked", "acknowledged"));
  assert.equal(heard.gravest, "yellow");
  heard.take(row("a", "yellow", "rtnun", "cleared"));
  assert.equal(heard.gravest, "yellow", "that it is over has not been seen");
  heard.take(row("a", "yellow", "closed", "closed"));
  assert.equal(heard.gravest, null);
});

test("a silence is for what stands now: what is new or calls again sounds", () => {
  const heard = new Sounding();
  heard.take(row("a", "red"));
  heard.take(row("b", "blue"));
  heard.silence();
  assert.deepEqual([heard.gravest, heard.silenced], [null, 2]);
  heard.take(row("a", "red", "unack", "commented"));
  assert.equal(heard.gravest, null, "words call nobody");
  heard.take(row("c", "yellow"));
  assert.deepEqual([heard.gravest, heard.silenced], ["yellow", 2]);
  heard.take(row("b", "orange", "unack", "escalated"));
  assert.deepEqual([heard.gravest, heard.silenced], ["orange", 1]);
});

test("all anew: what is as it was silenced stays silent", () => {
  const heard = new Sounding();
  const a = row("a", "red");
  const b = row("b", "orange");
  heard.take(a);
  heard.take(b);
  heard.silence();
  const seqs: Record<string, number> = { a: a.seq, b: b.seq };
  heard.load([a, row("b", "orange", "unack", "reopened"), row("c", "blue")], (id) => seqs[id] ?? -1);
  assert.deepEqual([heard.gravest, heard.silenced], ["orange", 1]);
});
