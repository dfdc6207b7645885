// Times as the browser's own field for date and time has them: in its zone, without saying so.

const pad = (n: number): string => String(n).padStart(2, "0");

export function localText(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return "";
  const d = new Date(ms);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}T${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
}

export function msOf(text: string): number | null {
  const ms = text ? new Date(text).getTime() : Number.NaN;
  return Number.isFinite(ms) && ms >= 0 ? ms : null;
}
