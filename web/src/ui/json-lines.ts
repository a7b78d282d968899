// JSON as lines, of which only those are made that are not folded away. Pure: no page.

export interface JsonLine {
  /** Where in the value: "items/3/name". */
  path: string;
  depth: number;
  /** Null in a list. */
  name: string | null;
  /** Of what is no list and no object; "" for these. */
  text: string;
  kind: "text" | "number" | "word" | "open" | "close";
  bracket: "" | "{" | "[" | "}" | "]";
  /** Members, of an object or a list. */
  size: number;
  isOpen: boolean;
  isLast: boolean;
}

/** Longer texts are cut: the download has them whole. */
const LONGEST_TEXT = 2_000;
/** Lines that are open to begin with. */
const OPEN_AT_FIRST = 500;

type Folds = ReadonlyMap<string, boolean>;

/** The lines of `value`; `folds` says what a person opened (true) and closed; the rest is open while there is room. */
export function linesOf(value: unknown, folds: Folds): JsonLine[] {
  const lines: JsonLine[] = [];
  let room = OPEN_AT_FIRST;
  const visit = (each: unknown, name: string | null, path: string, depth: number, isLast: boolean): void => {
    if (each === null || typeof each !== "object") {
      lines.push({ path, depth, name, ...leafOf(each), bracket: "", size: 0, isOpen: false, isLast });
      return;
    }
    const isList = Array.isArray(each);
    const names = isList ? null : Object.keys(each);
    const size = names ? names.length : (each as unknown[]).length;
    const isOpen = size > 0 && (folds.get(path) ?? (depth === 0 || (depth < 6 && size <= room)));
    lines.push({ path, depth, name, text: "", kind: "open", bracket: isList ? "[" : "{", size, isOpen, isLast });
    if (!isOpen) return;
    room -= size;
    for (let at = 0; at < size; at++) {
      const key = names ? (names[at] ?? "") : null;
      const child = names ? (each as Record<string, unknown>)[key ?? ""] : (each as unknown[])[at];
      visit(child, key, `${path}/${key ?? at}`, depth + 1, at === size - 1);
    }
    lines.push({ path: `${path}/`, depth, name: null, text: "", kind: "close", bracket: isList ? "]" : "}", size, isOpen, isLast });
  };
  visit(value, null, "", 0, true);
  return lines;
}

function leafOf(value: unknown): { text: string; kind: "text" | "number" | "word" } {
  if (typeof value === "string") {
    const cut = value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}… (${value.length.toLocaleString()} characters)` : value;
    return { text: JSON.stringify(cut), kind: "text" };
  }
  return { text: String(value ?? null), kind: typeof value === "number" ? "number" : "word" };
}

const MOST_FOUND = 1_000;

/** The paths of names and values that hold `text`, in their order; at most a thousand. */
export function found(value: unknown, text: string): string[] {
  const wanted = text.toLowerCase();
  const paths: string[] = [];
  const visit = (each: unknown, path: string): void => {
    if (paths.length >= MOST_FOUND) return;
    if (each === null || typeof each !== "object") {
      if (String(each).toLowerCase().includes(wanted)) paths.push(path);
      return;
    }
    if (Array.isArray(each)) {
      for (let at = 0; at < each.length; at++) visit(each[at], `${path}/${at}`);
      return;
    }
    for (const name of Object.keys(each)) {
      const child = (each as Record<string, unknown>)[name];
      const isLeaf = child === null || typeof child !== "object";
      if (name.toLowerCase().includes(wanted) && (!isLeaf || !String(child).toLowerCase().includes(wanted))) paths.push(`${path}/${name}`);
      visit(child, `${path}/${name}`);
    }
  };
  if (wanted) visit(value, "");
  return paths;
}

/** What has to be open for the line of `path` to be seen. */
export function above(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(0, -1).map((_, at) => parts.slice(0, at + 1).join("/"));
}
