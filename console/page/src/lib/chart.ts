// The trend's drawing: limits as lines, the range outside which the instrument cannot see, the onset.

import uPlot from "uplot";
import { clock, date, number } from "./format.ts";
import type { Trend } from "./types.ts";

export interface Marks {
  limits: { name: string; label: string; value: number; grave: boolean }[];
  /** The limits of this side are always in view, others where the readings are near; null: those of both sides. */
  side: "high" | "low" | "neither" | null;
  rangeLo: number | null;
  rangeHi: number | null;
  onsetMs: number | null;
  onsetLabel: string;
  /** What was usual: a band over the whole time shown, named by where it was learnt. */
  usual: { low: number; high: number; label: string } | null;
  /** The forecast: straight on from the newest readings, and the slopes that are as likely as not too low or too high. */
  cone: { fromMs: number; value: number; slope: number; low: number; high: number; untilMs: number; label: string } | null;
}

export const NO_MARKS: Marks = {
  limits: [],
  side: null,
  rangeLo: null,
  rangeHi: null,
  onsetMs: null,
  onsetLabel: "",
  usual: null,
  cone: null,
};

/** Times in s, then of each sensor: mean, highest, lowest. Undefined: this sensor has no reading at another one's time. */
export type Columns = [number[], ...(number | null | undefined)[][]];

/** How the lines of several sensors are told apart: by dash as well as by colour, none of which is a grade's. */
export const PENS: readonly { colour: string; fill: string; dash: number[] }[] = [
  { colour: "#1b2228", fill: "rgb(60 80 95 / 22%)", dash: [] },
  { colour: "#086850", fill: "rgb(8 104 80 / 14%)", dash: [9, 4] },
  { colour: "#8068b0", fill: "rgb(128 104 176 / 14%)", dash: [2, 3] },
  { colour: "#382008", fill: "rgb(56 32 8 / 14%)", dash: [12, 3, 2, 3] },
  { colour: "#988050", fill: "rgb(152 128 80 / 14%)", dash: [5, 5] },
  { colour: "#503880", fill: "rgb(80 56 128 / 14%)", dash: [16, 5] },
  { colour: "#688080", fill: "rgb(104 128 128 / 14%)", dash: [3, 6] },
  { colour: "#805008", fill: "rgb(128 80 8 / 14%)", dash: [12, 3, 2, 3, 2, 3] },
];

const OF_A_SENSOR = 3;

/** Readings of one or several sensors over one column of times. */
export function columnsOf(trends: readonly Pick<Trend, "t_ms" | "mean" | "high" | "low">[]): Columns {
  const tables = trends.map(({ t_ms, mean, high, low }): uPlot.AlignedData => [t_ms.map((ms) => ms / 1000), mean, high, low]);
  if (tables.length === 1) return tables[0] as Columns;
  return (tables.length ? uPlot.join(tables) : [[]]) as Columns;
}

const FONT = '12px "Segoe UI", Arial, "Noto Sans CJK SC", sans-serif';
const INK = "#1b2228";
const QUIET = "#4a545c";
const LABEL_PX = 15;

const SIDE = { high: new Set(["h", "hh", "design"]), low: new Set(["l", "ll"]), neither: new Set<string>() };

/** The span that shows all readings and the limits that matter, with some room. */
export function span(columns: Columns, marks: Marks): [number, number] {
  const { side } = marks;
  const limits = marks.limits.filter((limit) => side === null || SIDE[side].has(limit.name)).map((limit) => limit.value);
  let lo = Math.min(...limits);
  let hi = Math.max(...limits);
  for (const column of columns.slice(1)) {
    for (const value of column) {
      if (value == null) continue;
      if (value < lo) lo = value;
      if (value > hi) hi = value;
    }
  }
  if (!Number.isFinite(lo) || !Number.isFinite(hi)) return [marks.rangeLo ?? 0, marks.rangeHi ?? 1];
  const room = (hi - lo) * 0.08 || Math.abs(hi) * 0.05 || 1;
  return [lo - room, hi + room];
}

function ratio(): number {
  return devicePixelRatio;
}

/** A text that stays legible over lines. */
function label(ctx: CanvasRenderingContext2D, text: string, x: number, y: number): void {
  const px = ratio();
  ctx.fillStyle = "rgb(241 243 244 / 82%)";
  ctx.fillRect(x - 3 * px, y - 13 * px, ctx.measureText(text).width + 6 * px, 14 * px);
  ctx.fillStyle = INK;
  ctx.fillText(text, x, y);
}

function hatch(u: uPlot, from: number, to: number): void {
  const { ctx, bbox } = u;
  const top = Math.max(bbox.top, Math.min(from, to));
  const bottom = Math.min(bbox.top + bbox.height, Math.max(from, to));
  if (bottom <= top) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, top, bbox.width, bottom - top);
  ctx.clip();
  ctx.fillStyle = "#d5d9dc";
  ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  ctx.strokeStyle = "#a3abb1";
  ctx.lineWidth = ratio();
  ctx.beginPath();
  const step = 9 * ratio();
  for (let x = bbox.left - (bottom - top); x < bbox.left + bbox.width; x += step) {
    ctx.moveTo(x, bottom);
    ctx.lineTo(x + (bottom - top), top);
  }
  ctx.stroke();
  ctx.restore();
}

function drawRange(u: uPlot, marks: Marks): void {
  const { bbox } = u;
  if (marks.rangeHi !== null) hatch(u, bbox.top, u.valToPos(marks.rangeHi, "y", true));
  if (marks.rangeLo !== null) hatch(u, u.valToPos(marks.rangeLo, "y", true), bbox.top + bbox.height);
}

function drawLimits(u: uPlot, marks: Marks): void {
  const { ctx, bbox } = u;
  const px = ratio();
  ctx.save();
  ctx.font = FONT.replace("12px", `${12 * px}px`);
  ctx.textBaseline = "bottom";
  ctx.textAlign = "left";
  let lowest = Number.POSITIVE_INFINITY;
  for (const limit of [...marks.limits].sort((a, b) => a.value - b.value)) {
    const y = Math.round(u.valToPos(limit.value, "y", true));
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = limit.grave ? INK : QUIET;
    ctx.lineWidth = (limit.grave ? 2 : 1.2) * px;
    ctx.setLineDash(limit.grave ? [10 * px, 4 * px] : [4 * px, 4 * px]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    // Labels of limits that lie close together climb over each other instead of overlapping.
    const at = Math.min(y - 2 * px, lowest - LABEL_PX * px);
    lowest = at;
    const below = at - LABEL_PX * px < bbox.top - px;
    if (below && at < y - LABEL_PX * px) continue;
    label(ctx, `${limit.label} ${number(limit.value)}`, bbox.left + 7 * px, below ? y + (LABEL_PX + 2) * px : at);
  }
  ctx.restore();
}

function drawOnset(u: uPlot, marks: Marks): void {
  if (marks.onsetMs === null) return;
  const { ctx, bbox } = u;
  const px = ratio();
  const x = Math.round(u.valToPos(marks.onsetMs / 1000, "x", true));
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.save();
  ctx.strokeStyle = INK;
  ctx.fillStyle = INK;
  ctx.lineWidth = 1.5 * px;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.beginPath();
  ctx.moveTo(x - 6 * px, bbox.top + bbox.height);
  ctx.lineTo(x + 6 * px, bbox.top + bbox.height);
  ctx.lineTo(x, bbox.top + bbox.height - 9 * px);
  ctx.fill();
  ctx.font = FONT.replace("12px", `${12 * px}px`);
  ctx.textBaseline = "bottom";
  const nearEnd = x > bbox.left + bbox.width * 0.8;
  ctx.textAlign = "left";
  const width = ctx.measureText(marks.onsetLabel).width;
  const left = nearEnd ? x - 8 * px - width : x + 8 * px;
  label(ctx, marks.onsetLabel, left, bbox.top + bbox.height - 3 * px);
  ctx.restore();
}

function drawUsual(u: uPlot, marks: Marks): void {
  if (marks.usual === null) return;
  const { ctx, bbox } = u;
  const px = ratio();
  const top = Math.max(bbox.top, u.valToPos(marks.usual.high, "y", true));
  const bottom = Math.min(bbox.top + bbox.height, u.valToPos(marks.usual.low, "y", true));
  if (bottom <= top) return;
  ctx.save();
  ctx.fillStyle = "rgb(255 255 255 / 75%)";
  ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  ctx.strokeStyle = "#7d868d";
  ctx.lineWidth = px;
  ctx.setLineDash([2 * px, 3 * px]);
  ctx.beginPath();
  for (const y of [top, bottom]) {
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
  }
  ctx.stroke();
  ctx.font = FONT.replace("12px", `${12 * px}px`);
  ctx.textBaseline = "bottom";
  const width = ctx.measureText(marks.usual.label).width;
  label(ctx, marks.usual.label, bbox.left + bbox.width - width - 7 * px, bottom - 5 * px);
  ctx.restore();
}

function drawCone(u: uPlot, marks: Marks): void {
  const { cone } = marks;
  if (cone === null || cone.untilMs <= cone.fromMs) return;
  const { ctx, bbox } = u;
  const px = ratio();
  const at = (ms: number, slope: number): [number, number] => [
    u.valToPos(ms / 1000, "x", true),
    u.valToPos(cone.value + (slope * (ms - cone.fromMs)) / 1000, "y", true),
  ];
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = "rgb(60 80 95 / 18%)";
  ctx.beginPath();
  ctx.moveTo(...at(cone.fromMs, 0));
  ctx.lineTo(...at(cone.untilMs, cone.high));
  ctx.lineTo(...at(cone.untilMs, cone.low));
  ctx.fill();
  ctx.strokeStyle = INK;
  ctx.lineWidth = 1.5 * px;
  ctx.setLineDash([6 * px, 4 * px]);
  ctx.beginPath();
  ctx.moveTo(...at(cone.fromMs, 0));
  ctx.lineTo(...at(cone.untilMs, cone.slope));
  ctx.stroke();
  ctx.restore();
}

export interface Watchers {
  /** Where the cursor is, null where it is nowhere. */
  cursor(ms: number | null): void;
  /** A stretch of time was dragged over; without it nothing can be. */
  zoom: ((fromMs: number, toMs: number) => void) | null;
}

/** Build the chart of so many sensors; `marks` is asked at each drawing, so it may change without a new chart. */
export function makeChart(
  host: HTMLElement,
  columns: Columns,
  unit: string,
  marks: () => Marks,
  xSpan: () => [number, number],
  { cursor, zoom }: Watchers,
  pens: readonly number[] = [0],
  together: string | null = null,
): uPlot {
  const line = { spanGaps: false, points: { show: false } };
  const axis = { font: FONT, stroke: QUIET, grid: { stroke: "#c9ced2", width: 1 }, ticks: { stroke: "#b3b9be", width: 1 } };
  const sensors = (columns.length - 1) / OF_A_SENSOR;
  const penOf = (i: number): (typeof PENS)[number] => PENS[(pens[i] ?? i) % PENS.length] ?? { colour: INK, fill: QUIET, dash: [] };
  const drawn = Array.from({ length: sensors }, (_, i) => penOf(i));
  return new uPlot(
    {
      width: host.clientWidth,
      height: host.clientHeight,
      legend: { show: false },
      cursor: {
        drag: { x: zoom !== null, y: false, setScale: false },
        y: false,
        ...(together === null ? {} : { sync: { key: together } }),
      },
      scales: {
        x: { range: () => xSpan() },
        y: { range: (u) => span(u.data as Columns, marks()) },
      },
      axes: [
        {
          ...axis,
          space: 80,
          size: 32,
          values: (_, splits, __, ___, step) =>
            splits.map((s) => (step >= 86_400 ? date(s * 1000).slice(5) : clock(s * 1000).slice(0, step < 60 ? 8 : 5))),
        },
        {
          ...axis,
          size: 50,
          values: (_, splits, __, ___, step) => splits.map((v) => v.toFixed(Math.max(0, Math.min(6, -Math.floor(Math.log10(step)))))),
          ...(unit ? { label: unit, labelFont: FONT, labelSize: 18 } : {}),
        },
      ],
      series: [
        {},
        ...drawn.flatMap(({ colour, dash }) => [
          { ...line, stroke: colour, width: 1.8, dash },
          { ...line, stroke: "transparent" },
          { ...line, stroke: "transparent" },
        ]),
      ],
      bands: drawn.map(({ fill }, i) => ({ series: [OF_A_SENSOR * i + 3, OF_A_SENSOR * i + 2] as [number, number], fill })),
      hooks: {
        drawClear: [(u) => drawRange(u, marks()), (u) => drawUsual(u, marks())],
        draw: [(u) => drawCone(u, marks()), (u) => drawLimits(u, marks()), (u) => drawOnset(u, marks())],
        setCursor: [(u) => cursor(u.cursor.left == null || u.cursor.left < 0 ? null : u.posToVal(u.cursor.left, "x") * 1000)],
        setSelect: [
          (u) => {
            const { left, width } = u.select;
            if (zoom === null || width < 4) return;
            const from = u.posToVal(left, "x") * 1000;
            const to = u.posToVal(left + width, "x") * 1000;
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            zoom(from, to);
          },
        ],
      },
    },
    columns as uPlot.AlignedData,
    host,
  );
}
