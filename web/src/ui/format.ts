// Times, spans and sizes as people read them.
const UNITS: [string, number][] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
];

/** `820ms`, `3.2s`, `1m 38s`, `2h 5m`; `ms` in milliseconds. */
export function span(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 0) return `-${span(-ms)}`;
  if (ms < 1) return ms === 0 ? "0ms" : "<1ms";
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)}s`;
  const whole = Math.round(ms / 1_000) * 1_000;
  const at = UNITS.findIndex(([, size]) => whole >= size);
  const [name, size] = UNITS[at] ?? ["s", 1_000];
  const next = UNITS[at + 1];
  const left = next ? Math.floor((whole % size) / next[1]) : 0;
  return left && next ? `${Math.floor(whole / size)}${name} ${left}${next[0]}` : `${Math.floor(whole / size)}${name}`;
}

/** `3m ago`, `in 2h`, `now`. */
export function relative(at: number, now: number): string {
  const away = Math.abs(now - at);
  if (away < 1_500) return "now";
  // Of days the hours matter, of hours and minutes what comes first says enough.
  const said = away < 60_000 ? `${Math.round(away / 1_000)}s` : away < 86_400_000 ? span(away).split(" ")[0] : span(away);
  return at > now ? `in ${said}` : `${said} ago`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });

/** The local clock time, with the day where it is not today. */
export function local(at: number, now: number = Date.now()): string {
  const date = new Date(at);
  const time = clock.format(date);
  return date.toDateString() === new Date(now).toDateString() ? time : `${day.format(date)}, ${time}`;
}

export const utc = (at: number): string => new Date(at).toISOString().replace("T", " ").replace("Z", " UTC");

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString()} ${n === 1 ? one : many}`;
}

/** Of a share; never 100 % where something is missing. */
export const percent = (share: number): string => `${share === 1 ? "100" : (Math.floor(share * 1_000) / 10).toFixed(1)} %`;

export function bytes(n: number): string {
  if (n < 1_000) return `${n} B`;
  return n < 1_000_000 ? `${(n / 1_000).toFixed(1)} kB` : `${(n / 1_000_000).toFixed(1)} MB`;
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
