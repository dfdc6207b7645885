// Files made of what is shown, for the one who looks at it; nothing leaves the machine.

import { PENS } from "../../lib/chart.ts";

const HEAD_PX = 26;
const ROOM_PX = 12;

export interface Part {
  canvas: HTMLCanvasElement;
  pens: { pen: number; name: string }[];
}

/** One picture of all charts with their names, null where the browser makes none. */
export function pictureOf(title: string, parts: readonly Part[]): Promise<Blob | null> {
  const px = devicePixelRatio;
  const whole = document.createElement("canvas");
  whole.width = Math.max(1, ...parts.map(({ canvas }) => canvas.width));
  whole.height = parts.reduce((sum, { canvas }) => sum + canvas.height + (HEAD_PX + ROOM_PX) * px, (HEAD_PX + ROOM_PX) * px);
  const ctx = whole.getContext("2d");
  if (!ctx) return Promise.resolve(null);
  ctx.fillStyle = "#fff";
  ctx.fillRect(0, 0, whole.width, whole.height);
  ctx.font = `${14 * px}px "Segoe UI", Arial, "Noto Sans CJK SC", sans-serif`;
  ctx.textBaseline = "middle";
  let y = (HEAD_PX / 2) * px;
  ctx.fillStyle = "#1b2228";
  ctx.fillText(title, ROOM_PX * px, y);
  y += (HEAD_PX / 2 + ROOM_PX) * px;
  for (const { canvas, pens } of parts) {
    let x = ROOM_PX * px;
    for (const { pen, name } of pens) {
      const { colour, dash } = PENS[pen % PENS.length] ?? { colour: "#1b2228", dash: [] };
      ctx.strokeStyle = colour;
      ctx.lineWidth = 2 * px;
      ctx.setLineDash(dash.map((length) => length * px));
      ctx.beginPath();
      ctx.moveTo(x, y + (HEAD_PX / 2) * px);
      ctx.lineTo(x + 34 * px, y + (HEAD_PX / 2) * px);
      ctx.stroke();
      ctx.fillText(name, x + 40 * px, y + (HEAD_PX / 2) * px);
      x += 40 * px + ctx.measureText(name).width + 24 * px;
    }
    ctx.drawImage(canvas, 0, y + HEAD_PX * px);
    y += HEAD_PX * px + canvas.height + ROOM_PX * px;
  }
  return new Promise((done) => whole.toBlob(done, "image/png"));
}

export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
