// Slots as the clock of a zone shows them, and what summer time does to them.
export const MINE = Intl.DateTimeFormat().resolvedOptions().timeZone;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: zone });
    formats.set(zone, format);
  }
  return format;
}

/** `Mon 23 Nov, 09:00`, by the clock of the zone. */
export function inZone(at: string, zone: string): string {
  const parts = Object.fromEntries(formatOf(zone).formatToParts(new Date(at)).map((part) => [part.type, part.value]));
  const seconds = parts.second === "00" ? "" : `:${parts.second}`;
  return `${parts.weekday} ${parts.day} ${parts.month}, ${parts.hour}:${parts.minute}${seconds}`;
}

/** How far the clock of the zone is from UTC at an instant, in minutes. */
export function offsetOf(at: string, zone: string): number {
  const instant = Math.floor(Date.parse(at) / 1_000) * 1_000;
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" })
    .formatToParts(new Date(instant))
    .reduce<Record<string, number>>((found, part) => ({ ...found, [part.type]: Number(part.value) }), {});
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Math.round((Date.UTC(year, month - 1, day, hour, minute, second) - instant) / 60_000);
}

/** Whether the two clocks show the same at all of these instants. */
export const isSame = (slots: string[], zone: string): boolean => slots.every((at) => offsetOf(at, zone) === offsetOf(at, MINE));

/** What is said of a slot before which the clock of the zone was put forward or back; null: it was not. */
export function jumpBefore(at: string, before: string | undefined, zone: string): string | null {
  if (!before) return null;
  const moved = offsetOf(at, zone) - offsetOf(before, zone);
  if (!moved) return null;
  return `clocks ${moved > 0 ? "forward" : "back"} ${Math.abs(moved)} min`;
}
