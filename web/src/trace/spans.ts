// Spans as a tree, and the tree as the rows one sees. Pure: no page, no clock of its own.
import type { Shape } from "../api/client";

export type Span = Shape<"SpanShape">;

export interface Node {
  span: Span;
  start: number;
  /** Null while it goes on. */
  end: number | null;
  children: Node[];
  depth: number;
}

export interface Row {
  node: Node;
  /** Siblings of the same name, but for numbers in it, that are folded into this row; 1: none. */
  folds: number;
  start: number;
  /** Null while one of them goes on. */
  end: number | null;
  hasChildren: boolean;
  isOpen: boolean;
}

const FOLD_SIBLINGS = 50;
const WAITS = new Set(["wait", "event_wait", "run_wait", "token_wait", "approval", "approval_wait"]);

export const isWait = (span: Span): boolean => WAITS.has(span.kind);

export function treeOf(spans: Span[]): Node | null {
  const nodes = new Map<string, Node>();
  let root: Node | null = null;
  for (const span of spans) {
    nodes.set(span.id, {
      span,
      start: Date.parse(span.started_at),
      end: span.finished_at ? Date.parse(span.finished_at) : null,
      children: [],
      depth: 0,
    });
  }
  for (const node of nodes.values()) {
    const parent = node.span.parent_id === null ? undefined : nodes.get(node.span.parent_id);
    if (parent && parent !== node) {
      node.depth = parent.depth + 1;
      parent.children.push(node);
    } else root ??= node;
  }
  return root;
}

/** What is shown: `closed` are folded by hand; many siblings of one name are one row until they are in `opened`. */
export function rowsOf(root: Node, closed: Set<string>, opened: Set<string>): Row[] {
  const rows: Row[] = [];
  const visit = (node: Node) => {
    const isOpen = !closed.has(node.span.id);
    rows.push({ node, folds: 1, start: node.start, end: node.end, hasChildren: node.children.length > 0, isOpen });
    if (isOpen) visitAll(node.children);
  };
  const visitAll = (siblings: Node[]) => {
    const groups = siblings.length > FOLD_SIBLINGS ? groupsOf(siblings) : siblings.map((node) => [node]);
    for (const group of groups) {
      const first = group[0];
      if (!first) continue;
      if (group.length <= FOLD_SIBLINGS || opened.has(groupKey(first))) group.forEach(visit);
      else rows.push({ node: first, folds: group.length, ...extentOf(group), hasChildren: true, isOpen: false });
    }
  };
  visit(root);
  return rows;
}

function extentOf(group: Node[]): { start: number; end: number | null } {
  let [start, end]: [number, number | null] = [Number.POSITIVE_INFINITY, 0];
  for (const node of group) {
    start = Math.min(start, node.start);
    end = end === null || node.end === null ? null : Math.max(end, node.end);
  }
  return { start, end };
}

/** `row-0001` and `row-0002` are of one kind. */
export const kindOf = (name: string): string => name.replace(/\d+/g, "…");

export const groupKey = (node: Node): string => `${node.span.parent_id}/${kindOf(node.span.name)}`;

/** Failed ones stand alone: nobody shall have to open hundreds of rows to find them. */
function groupsOf(siblings: Node[]): Node[][] {
  const groups = new Map<string, Node[]>();
  const result: Node[][] = [];
  for (const node of siblings) {
    const kind = kindOf(node.span.name);
    const group = groups.get(kind);
    if (node.span.status === "FAILED" || !group) {
      const made = [node];
      result.push(made);
      if (node.span.status !== "FAILED") groups.set(kind, made);
    } else group.push(node);
  }
  return result;
}

/** Those whose name or key holds `text`, and that failed where `errorsOnly`; with the way to them, nothing folded. */
export function rowsFound(root: Node, text: string, errorsOnly: boolean): Row[] {
  const wanted = text.trim().toLowerCase();
  const fits = ({ span }: Node) =>
    (!errorsOnly || span.status === "FAILED") && (span.name.toLowerCase().includes(wanted) || span.id.toLowerCase().includes(wanted));
  const visit = (node: Node): Row[] => {
    const below = node.children.flatMap(visit);
    if (node !== root && below.length === 0 && !fits(node)) return [];
    return [{ node, folds: 1, start: node.start, end: node.end, hasChildren: below.length > 0, isOpen: true }, ...below];
  };
  return visit(root);
}

/** The next failed row after `from`, or the first one; -1: none. */
export function nextError(rows: Row[], from: number): number {
  const failed = rows.flatMap((row, at) => (row.node.depth > 0 && row.node.span.status === "FAILED" ? [at] : []));
  return failed.find((at) => at > from) ?? failed[0] ?? -1;
}
