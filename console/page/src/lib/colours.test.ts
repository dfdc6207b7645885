// Grades and lines of trends as people with each kind of colour blindness see them (Machado, Oliveira and Fernandes 2009,
// severity 1.0, applied to linear RGB), by CIEDE2000 differences.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PENS } from "./chart.ts";

type Triple = [number, number, number];
type Matrix = [Triple, Triple, Triple];

const SEEN_AS: Record<string, Matrix> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** sRGB as #rrggbb to CIELAB (D65) as it is seen. */
function lab(hex: string, matrix: Matrix): Triple {
  const linear = [1, 3, 5].map((at) => {
    const v = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  const [r, g, b] = matrix.map((row) => Math.min(1, Math.max(0, row.reduce((sum, m, i) => sum + m * (linear[i] ?? 0), 0)))) as Triple;
  const f = (v: number): number => (v > 216 / 24389 ? Math.cbrt(v) : (v * (24389 / 27) + 16) / 116);
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const rad = Math.PI / 180;

/** The CIEDE2000 difference with all weights 1. */
function difference([l1, a1, b1]: Triple, [l2, a2, b2]: Triple): number {
  const c7 = ((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2) ** 7;
  const g = 1.5 - Math.sqrt(c7 / (c7 + 25 ** 7)) / 2;
  const [c1, c2] = [Math.hypot(a1 * g, b1), Math.hypot(a2 * g, b2)];
  const hue = (a: number, b: number): number => (a === 0 && b === 0 ? 0 : (Math.atan2(b, a) / rad + 360) % 360);
  const [h1, h2] = [hue(a1 * g, b1), hue(a2 * g, b2)];
  const gap = c1 * c2 === 0 ? 0 : ((h2 - h1 + 540) % 360) - 180;
  const dh = 2 * Math.sqrt(c1 * c2) * Math.sin((gap / 2) * rad);
  const [l, c] = [(l1 + l2) / 2, (c1 + c2) / 2];
  const h = c1 * c2 === 0 ? h1 + h2 : (h1 + gap / 2 + 360) % 360;
  const t =
    1 - 0.17 * Math.cos((h - 30) * rad) + 0.24 * Math.cos(2 * h * rad) + 0.32 * Math.cos((3 * h + 6) * rad) - 0.2 * Math.cos((4 * h - 63) * rad);
  const sl = 1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2);
  const [sc, sh] = [1 + 0.045 * c, 1 + 0.015 * c * t];
  const turn = -2 * Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7)) * Math.sin(60 * rad * Math.exp(-(((h - 275) / 25) ** 2)));
  const [dl, dc] = [(l2 - l1) / sl, (c2 - c1) / sc];
  return Math.sqrt(dl ** 2 + dc ** 2 + (dh / sh) ** 2 + turn * dc * (dh / sh));
}

function pairs<T>(all: readonly T[]): [T, T][] {
  return all.flatMap((one, i) => all.slice(i + 1).map((other): [T, T] => [one, other]));
}

test("differences agree with the published examples of CIEDE2000 (Sharma, Wu and Dalal 2005)", () => {
  assert.ok(Math.abs(difference([50, 2.6772, -79.7751], [50, 0, -82.7485]) - 2.0425) < 1e-4);
  assert.ok(Math.abs(difference([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387]) - 1.2644) < 1e-4);
  assert.ok(Math.abs(difference([2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514]) - 0.9082) < 1e-4);
});

// A difference of 1 is just seen side by side under good light. Ten times that is named apart at a glance and in memory, also
// on marks of 16 px on a poor screen; the floor is ours, from no standard. Shape and words tell grades apart besides.
const APART = 10;

function heldApart(tones: readonly { name: string; hex: string }[]): void {
  for (const [kind, matrix] of Object.entries(SEEN_AS))
    for (const [one, other] of pairs(tones)) {
      const apart = difference(lab(one.hex, matrix), lab(other.hex, matrix));
      assert.ok(apart >= APART, `${kind}: ${one.name} and ${other.name} are ${apart.toFixed(1)} apart`);
    }
}

/** The last of each that a sheet names; what a page leaves alone is as on the desk. */
function tonesOf(...sheets: string[]): { name: string; hex: string }[] {
  const css = sheets.map((sheet) => readFileSync(new URL(sheet, import.meta.url), "utf8")).join("\n");
  return ["red", "orange", "yellow", "blue"].map((name) => {
    const hex = [...css.matchAll(new RegExp(`--${name}: (#[0-9a-f]{6})`, "g"))].at(-1)?.[1];
    assert.ok(hex);
    return { name, hex };
  });
}
const WALL = "../components/wall/Wall.svelte";

test("the four grades are told apart by colour alone, however the colours are seen", () => {
  heldApart(tonesOf("../app.css"));
  heldApart(tonesOf("../app.css", WALL));
});

/** Relative luminance (WCAG 2.2). */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const v = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test("a grade stands out from the dark ground of the wall as WCAG 2.2 wants it of graphics, 3 to 1", () => {
  const panel = /--panel: (#[0-9a-f]{6})/.exec(readFileSync(new URL(WALL, import.meta.url), "utf8"))?.[1] ?? "";
  for (const { name, hex } of tonesOf("../app.css", WALL)) {
    const ratio = (luminance(hex) + 0.05) / (luminance(panel) + 0.05);
    assert.ok(ratio >= 3, `${name}: ${ratio.toFixed(1)}`);
  }
});

test("the lines of eight sensors are told apart by colour alone, however the colours are seen", () => {
  heldApart(PENS.map(({ colour }) => ({ name: colour, hex: colour })));
});
