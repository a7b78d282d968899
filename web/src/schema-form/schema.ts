// What a JSON Schema, as pydantic writes it, asks for. Pure.
export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  default?: unknown;
  examples?: unknown[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  discriminator?: { propertyName: string };
  format?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  $ref?: string;
  $defs?: Record<string, Schema>;
}

/** How a value is filled in. */
export type Control =
  | { kind: "choice"; values: unknown[] }
  | { kind: "boolean" }
  | { kind: "number"; isWhole: boolean }
  | { kind: "text"; isLong: boolean; input: string }
  | { kind: "object"; names: string[] }
  | { kind: "list"; items: Schema }
  | { kind: "union"; variants: Schema[]; by: string | null }
  | { kind: "json" };

/** How often references are followed: a schema may refer to itself and to nothing else. */
const MOST_REFERENCES = 16;

/** The schema that a `$ref` names, with what stands beside the reference. `true` and `{}` take anything. */
export function resolved(schema: Schema, root: Schema, left = MOST_REFERENCES): Schema {
  let found: Schema = isRecord(schema) ? schema : {};
  for (let depth = 0; typeof found.$ref === "string" && depth < MOST_REFERENCES; depth++) {
    const { $ref, ...beside } = found;
    found = { ...(($ref === "#" ? root : root.$defs?.[$ref.split("/").at(-1) ?? ""]) ?? {}), ...beside };
  }
  if (found.$ref) return {};
  const only = found.allOf?.length === 1 ? found.allOf[0] : undefined;
  return only && left ? resolved({ ...only, ...found, allOf: undefined as never }, root, left - 1) : found;
}

/** The schema without null as a choice, and whether null was one. */
export function withoutNull(schema: Schema): { schema: Schema; isNullable: boolean } {
  const options = schema.anyOf ?? schema.oneOf;
  if (!Array.isArray(options)) return { schema, isNullable: false };
  const left = options.filter((each) => each?.type !== "null");
  if (!left.length || left.length === options.length) return { schema, isNullable: false };
  const { anyOf, oneOf, ...beside } = schema;
  const first = left.length === 1 ? left[0] : undefined;
  return { schema: first ? { ...first, ...beside } : { ...beside, anyOf: left }, isNullable: true };
}

const INPUTS: Record<string, string> = { date: "date", time: "time", email: "email", uri: "url" };
const LONG_FROM = 200;

export function controlOf(schema: Schema): Control {
  if (schema.const !== undefined) return { kind: "choice", values: [schema.const] };
  if (Array.isArray(schema.enum) && schema.enum.length) return { kind: "choice", values: schema.enum };
  const variants = schema.oneOf ?? schema.anyOf;
  if (Array.isArray(variants) && variants.length) return { kind: "union", variants, by: schema.discriminator?.propertyName ?? null };
  const type = Array.isArray(schema.type) ? schema.type.find((each) => each !== "null") : schema.type;
  if (type === "boolean") return { kind: "boolean" };
  if (type === "integer" || type === "number") return { kind: "number", isWhole: type === "integer" };
  if (type === "string") {
    const isLong = schema.format === "textarea" || (schema.maxLength ?? 0) >= LONG_FROM;
    return { kind: "text", isLong, input: INPUTS[schema.format ?? ""] ?? "text" };
  }
  if (isRecord(schema.properties)) return { kind: "object", names: Object.keys(schema.properties) };
  if (type === "array" && isRecord(schema.items)) return { kind: "list", items: schema.items };
  return { kind: "json" };
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

/** A first value: the schema's own default or example, else the plainest of its type. */
export function firstValue(schema: Schema, root: Schema = schema, depth = 0): unknown {
  const said = resolved(schema, root);
  if (said.default !== undefined) return said.default;
  if (Array.isArray(said.examples) && said.examples.length) return said.examples[0];
  if (depth > DEEPEST) return said.type === "string" ? "" : said.type === "array" ? [] : said.properties ? {} : null;
  const control = controlOf(said);
  if (control.kind === "choice") return control.values[0];
  if (control.kind === "union") return firstValue(control.variants[0] ?? {}, root, depth + 1);
  if (control.kind === "boolean") return false;
  if (control.kind === "number") return said.minimum ?? (said.exclusiveMinimum !== undefined ? said.exclusiveMinimum + 1 : 1);
  if (control.kind === "text") return OF_FORMAT[said.format ?? ""] ?? "text";
  if (control.kind === "list") return [];
  if (control.kind === "json") return said.type === "null" ? null : {};
  const shown = control.names.filter((name) => said.required?.includes(name) || said.properties?.[name]?.default != null);
  return Object.fromEntries(shown.map((name) => [name, firstValue(said.properties?.[name] ?? {}, root, depth + 1)]));
}

/** A value with nothing in it but the schema's own defaults: nobody shall decide by what we made up. */
export function defaultsOf(schema: Schema, root: Schema = schema, depth = 0): unknown {
  const said = resolved(withoutNull(resolved(schema, root)).schema, root);
  if (said.default !== undefined) return said.default;
  const control = controlOf(said);
  if (control.kind === "choice") return control.values.length === 1 ? control.values[0] : undefined;
  if (control.kind !== "object" || depth > DEEPEST) return undefined;
  const found = control.names.map((name) => [name, said.required?.includes(name) || said.properties?.[name]?.default != null ? defaultsOf(said.properties?.[name] ?? {}, root, depth + 1) : undefined]);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

/** Which variant a value is of: by its discriminator, else the first whose type it has. */
export function variantOf(value: unknown, variants: Schema[], by: string | null, root: Schema): number {
  const at = variants.findIndex((variant) => {
    const said = resolved(variant, root);
    if (by && isRecord(value)) return said.properties?.[by]?.const === value[by];
    return typeName(value) === (said.properties ? "object" : said.type === "integer" ? "number" : said.type);
  });
  return Math.max(at, 0);
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

export const titleOf = (schema: Schema, name: string): string => schema.title ?? name.replaceAll("_", " ");

/** What a value must keep to, in words. */
export function boundsOf(schema: Schema): string {
  const said = [];
  if (schema.minimum !== undefined) said.push(`at least ${schema.minimum}`);
  if (schema.exclusiveMinimum !== undefined) said.push(`more than ${schema.exclusiveMinimum}`);
  if (schema.maximum !== undefined) said.push(`at most ${schema.maximum}`);
  if (schema.exclusiveMaximum !== undefined) said.push(`less than ${schema.exclusiveMaximum}`);
  if (schema.multipleOf !== undefined) said.push(`a multiple of ${schema.multipleOf}`);
  if (schema.minLength) said.push(`at least ${schema.minLength} characters`);
  if (schema.maxLength !== undefined) said.push(`at most ${schema.maxLength} characters`);
  if (schema.pattern !== undefined) said.push(`like ${schema.pattern}`);
  if (schema.format && schema.format in OF_FORMAT && !INPUTS[schema.format]) said.push(`like ${OF_FORMAT[schema.format]}`);
  return said.join(", ");
}
