// A first payload for a form: what a schema's own defaults and examples say, else the plainest value of each type.
interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  default?: unknown;
  examples?: unknown[];
  example?: unknown;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  format?: string;
  minimum?: number;
  $ref?: string;
  $defs?: Record<string, Schema>;
}

const DEEPEST = 6;
const OF_FORMAT: Record<string, string> = {
  date: "2026-01-01",
  "date-time": "2026-01-01T09:00:00Z",
  time: "09:00:00",
  email: "ada@example.com",
  uri: "https://example.com",
  uuid: "00000000-0000-4000-8000-000000000000",
};

export function exampleOf(schema: unknown, root: Schema = (schema ?? {}) as Schema, depth = 0): unknown {
  const said = (schema ?? {}) as Schema;
  if (said.$ref) return exampleOf(root.$defs?.[said.$ref.split("/").at(-1) ?? ""], root, depth + 1);
  if (said.default !== undefined) return said.default;
  if (said.examples?.length) return said.examples[0];
  if (said.example !== undefined) return said.example;
  if (said.const !== undefined) return said.const;
  if (said.enum?.length) return said.enum[0];
  const choice = said.anyOf?.[0] ?? said.oneOf?.[0] ?? said.allOf?.[0];
  if (choice) return exampleOf(choice, root, depth + 1);
  const type = Array.isArray(said.type) ? said.type[0] : said.type;
  if (type === "object" || said.properties) {
    if (depth > DEEPEST) return {};
    const isShown = (name: string) => said.required?.includes(name) || said.properties?.[name]?.default != null;
    const names = Object.keys(said.properties ?? {}).filter(isShown);
    return Object.fromEntries(names.map((name) => [name, exampleOf(said.properties?.[name], root, depth + 1)]));
  }
  if (type === "array") return [];
  if (type === "integer" || type === "number") return said.minimum ?? 1;
  if (type === "boolean") return true;
  if (type === "null") return null;
  if (type === "string") return OF_FORMAT[said.format ?? ""] ?? "text";
  return {};
}
