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
  event: { param: "event_id", hint: "the event that started it" },
  error: { param: "error", hint: "the error it failed with: err_..." },
  schedule: { param: "schedule", hint: "the schedule that started it" },
};

export interface Filter {
  params: Params;
  /** What is no qualifier, so that the page can say so. */
  unknown: string[];
}

const WORD = /(\w+):(?:"([^"]*)"|(\S*))|(\S+)/g;

export function readFilter(text: string): Filter {
  const params: Params = {};
  const unknown: string[] = [];
  for (const [, name, quoted, plain, stray] of text.matchAll(WORD)) {
    const value = quoted ?? plain ?? "";
    const known = name === undefined ? undefined : QUALIFIERS[name];
    if (stray !== undefined) unknown.push(stray);
    else if (!known) unknown.push(`${name}:`);
    else if (value) params[known.param] = name === "status" ? value.toUpperCase() : value;
  }
  return { params, unknown };
}

/** The text with one qualifier set to `value`, or without it. */
export function withQualifier(text: string, name: string, value: string | null): string {
  const others = [...text.matchAll(WORD)].filter((match) => match[1] !== name).map((match) => match[0]);
  const said = value === null ? [] : [`${name}:${/\s/.test(value) ? `"${value}"` : value}`];
  return [...others, ...said].join(" ");
}

/** What may follow what is being typed at the end of `text`. */
export function suggestions(text: string, jobs: string[]): string[] {
  const last = text.split(/\s+(?=(?:[^"]*"[^"]*")*[^"]*$)/).at(-1) ?? "";
  const head = text.slice(0, text.length - last.length);
  const colon = last.indexOf(":");
  if (colon < 0) {
    return Object.keys(QUALIFIERS)
      .filter((name) => name.startsWith(last) && !text.includes(`${name}:`))
      .map((name) => `${head}${name}:`);
  }
  const name = last.slice(0, colon);
  const typed = last.slice(colon + 1).replace(/^"/, "");
  const values = name === "job" ? jobs : (QUALIFIERS[name]?.values ?? []);
  return values
    .filter((value) => value.includes(typed.toLowerCase()) && value !== typed)
    .slice(0, 8)
    .map((value) => `${head}${name}:${/\s/.test(value) ? `"${value}"` : value} `);
}
