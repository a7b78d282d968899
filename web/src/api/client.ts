// The HTTP API, typed by its OpenAPI page. There is no other door: what the dashboard shows, a script can get.
import type { components, paths } from "./schema";
import { bearer } from "./session";

export type Shape<Name extends keyof components["schemas"]> = components["schemas"][Name];

type Get = { [Path in keyof paths]: paths[Path] extends { get: unknown } ? Path : never }[keyof paths];
type Answer<Operation> = Operation extends {
  responses: { 200: { content: { "application/json": infer Body } } };
}
  ? Body
  : never;
export type GetPath = Extract<Get, string>;
export type GetAnswer<Path extends GetPath> = Answer<paths[Path]["get"]>;
/** A list is a parameter that is repeated. */
export type Params = Record<string, string | number | boolean | string[] | null | undefined>;

/** An error answer: `message` is for people, `code` for decisions, `errors` name the fields that do not fit. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly errors: { path: string; message: string }[] = [],
  ) {
    super(message);
  }
}

/** `/api/v1/runs/{id}` with its holes filled from `params`; what is left over becomes the query. */
export function address(path: string, params: Params = {}): string {
  const rest = new URLSearchParams();
  const filled = new Map(Object.entries(params));
  const route = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = filled.get(name);
    filled.delete(name);
    return encodeURIComponent(String(value));
  });
  for (const [name, value] of filled) {
    if (Array.isArray(value)) for (const each of value) rest.append(name, each);
    else if (value !== undefined && value !== null && value !== "") rest.set(name, String(value));
  }
  const query = rest.toString();
  return query ? `${route}?${query}` : route;
}

/** Where the dashboard is served: another app may have mounted it below a path. */
export const BASE = new URL(document.baseURI).pathname.replace(/\/$/, "");

export async function ask(method: string, url: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const headers = new Headers(bearer());
  if (body !== undefined) headers.set("Content-Type", "application/json");
  let answer: Response;
  try {
    answer = await fetch(BASE + url, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, "unreachable", "The server cannot be reached. It is asked again by itself.");
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

async function problemOf(answer: Response): Promise<Problem> {
  const said = (await answer.json().catch(() => ({}))) as Partial<{
    code: string;
    detail: string;
    errors: { path: string; message: string }[];
  }>;
  const message = said.detail ?? `The server answered ${answer.status}.`;
  return new Problem(answer.status, said.code ?? String(answer.status), message, said.errors);
}

export async function get<Path extends GetPath>(
  path: Path,
  params?: Params,
  signal?: AbortSignal,
): Promise<GetAnswer<Path>> {
  const answer = await ask("GET", address(path, params), undefined, signal);
  return (await answer.json()) as GetAnswer<Path>;
}

/** A change. `path` is one of the API page's; the answer is its 200. */
export async function send<Path extends keyof paths & string, Method extends "post" | "patch" | "put" | "delete">(
  method: Method,
  path: Path,
  params?: Params,
  body?: unknown,
): Promise<Method extends keyof paths[Path] ? Answer<paths[Path][Method]> : never> {
  const answer = await ask(method.toUpperCase(), address(path, params), body);
  return await answer.json();
}
