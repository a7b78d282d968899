// The filter bar's language: `status:failed job:import tag:vip since:2h`, as people type it and as the API asks for it.
import type { Params } from "../../api/client";

/** Qualifiers and what the API calls them. */
export const QUALIFIERS: Record<string, { param: string; hint: string; values?: string[] }> = {
  status: {
    param: "status",
    hint: "how it stands",
    values: ["pending", "running", "waiting", "success", "failed", "cancelled", "timed_out", "expired"],
  },
  job: { param: "job", hint: "the job's id" },
  tag: { param: "tag", hint: "one of its tags" },
  since: { param: "since", hint: "2h, 3 days, or an instant", values: ["15m", "1h", "24h", "7 days"] },
  until: { param: "until", hint: "an instant, or a span back" },
  version: { param: "version", hint: "of the job" },
  event: { param: "event", hint: "the name of the event that started it" },
  event_id: { param: "event_id", hint: "the event that started it" },
  error: { param: "error", hint: "the error it failed with: err_..." },
  schedule: { param: "schedule", hint: "the schedule that started it" },
  queue: { param: "queue", hint: "its queue" },
  parent: { param: "parent", hint: "the run that started it" },
  id: { param: "id", hint: "how its id begins" },
  is: { param: "is", hint: "test or root", values: ["test", "root"] },
  "payload.": { param: "payload.", hint: "payload.order_id:o1" },
};

export interface Filter {
  params: Params;
  /** What is no qualifier, so that the page can say so. */
  unknown: string[];
}

const PAYLOAD = "payload.";
const WORD = /(payload\.[^\s:]+|\w+):(?:"([^"]*)"|(\S*))|(\S+)/g;

/** `status:` and `tag:` may be given again: one of the statuses, all of the tags. */
export function readFilter(text: string): Filter {
  const params: Params = {};
  const lists: Record<string, string[]> = {};
  const unknown: string[] = [];
  for (const [, name, quoted, plain, stray] of text.matchAll(WORD)) {
    const value = quoted ?? plain ?? "";
    const known = name === undefined ? undefined : QUALIFIERS[name];
    if (stray?.startsWith("run_")) params.id = stray;
    else if (stray !== undefined) unknown.push(stray);
    else if (name?.startsWith(PAYLOAD) && name.length > PAYLOAD.length) params[name] = value;
    else if (name === "is") {
      if (value === "test" || value === "root") params[`is_${value}`] = true;
      else if (value) unknown.push(`is:${value}`);
    } else if (!known) unknown.push(`${name}:`);
    else if (value && (name === "status" || name === "tag")) (lists[name] ??= []).push(name === "status" ? value.toUpperCase() : value);
    else if (name === "event" && value.startsWith("evt_")) params.event_id = value;
    else if (value) params[known.param] = value;
  }
  return { params: { ...params, ...lists }, unknown };
}

/** The same as a bulk action takes it. */
export function bulkFilter({ params }: Filter): Record<string, unknown> {
  const payload: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(params)) {
    if (name.startsWith(PAYLOAD)) payload[name.slice(PAYLOAD.length)] = value;
    else rest[name] = value;
  }
  return Object.keys(payload).length ? { ...rest, payload } : rest;
}

/** The text with one qualifier set to `value`, or without it. */
export function withQualifier(text: string, name: string, value: string | null): string {
  const others = [...text.matchAll(WORD)].filter((match) => match[1] !== name).map((match) => match[0]);
  const said = value === null ? [] : [`${name}:${/\s/.test(value) ? `"${value}"` : value}`];
  return [...others, ...said].join(" ");
}

/** The qualifier whose value is being typed at the end of `text`, if one is. */
export const typedName = (text: string): string | undefined => text.match(/(?:^|\s)([\w.]+):\S*$/)?.[1];

/** What may follow what is being typed at the end of `text`. `known`: values by the name of their qualifier. */
export function suggestions(text: string, known: Record<string, string[]>): string[] {
  const last = text.split(/\s+(?=(?:[^"]*"[^"]*")*[^"]*$)/).at(-1) ?? "";
  const head = text.slice(0, text.length - last.length);
  const colon = last.indexOf(":");
  if (colon < 0) {
    const given = new Set([...text.matchAll(WORD)].map((match) => match[1]));
    return Object.keys(QUALIFIERS)
      .filter((name) => name.startsWith(last) && !given.has(name))
      .map((name) => `${head}${name}${name.endsWith(".") ? "" : ":"}`);
  }
  const name = last.slice(0, colon);
  const typed = last.slice(colon + 1).replace(/^"/, "");
  const values = known[name] ?? QUALIFIERS[name]?.values ?? [];
  return values
    .filter((value) => value.toLowerCase().includes(typed.toLowerCase()) && value !== typed)
    .slice(0, 8)
    .map((value) => `${head}${name}:${/\s/.test(value) ? `"${value}"` : value} `);
}
