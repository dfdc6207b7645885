// Days and times of a named zone, which need not be the browser's: reports are cut where the server says.

interface Parts {
  day: string;
  time: string;
}

function parts(ms: number, zone: string): Parts {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const of = Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, part.value]));
  return { day: `${of.year}-${of.month}-${of.day}`, time: `${of.hour}:${of.minute}:${of.second}` };
}

/** The day at an instant, such as 2026-11-26. */
export function dayAt(ms: number, zone: string): string {
  return parts(ms, zone).day;
}

/** Day and time to the minute. */
export function momentAt(ms: number, zone: string): string {
  const { day, time } = parts(ms, zone);
  return `${day} ${time.slice(0, 5)}`;
}

/** When a day such as 2026-11-26 begins; NaN where it is none. */
export function midnightOf(day: string, zone: string): number {
  const wanted = Date.parse(`${day}T00:00:00Z`);
  if (!Number.isFinite(wanted)) return Number.NaN;
  let ms = wanted;
  // The zone's offset at the guess leads to a better guess; the second one is right also where clocks are changed.
  for (let i = 0; i < 2; i++) {
    const { day: shown, time } = parts(ms, zone);
    ms += wanted - Date.parse(`${shown}T${time}Z`);
  }
  return ms;
}

/** The day so many days after another one. */
export function dayAfter(day: string, days = 1): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The first day of the month after that of a month such as 2026-11. */
export function nextMonth(month: string): string {
  const [year = 0, number = 0] = month.split("-").map(Number);
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, "0")}`;
}
