// What every page is made of: its title with what one can do there, what was read or what stands in its place, and
// the way to older rows.
import { type ReactNode, useRef } from "react";
import type { Read } from "../api/query";
import { useKeys } from "../keys/keys";
import { filterKey, rowKeys } from "../keys/rows";
import { Button } from "./button";
import { Skeleton, Wrong } from "./said";
import { useScrollKept } from "./scroll";
import { useTitle } from "./title";

interface PageProps {
  title: string;
  /** Beside the title: what is shown of it all. */
  filter?: ReactNode;
  /** At the right: what one can do here. */
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, filter, actions, children }: PageProps) {
  const page = useRef<HTMLDivElement>(null);
  useTitle(title);
  useScrollKept(page);
  const here = () => page.current;
  useKeys([...rowKeys(here), filterKey(here)]);
  return (
    <div className="page" ref={page}>
      <header className="top">
        <h1>{title}</h1>
        {filter}
        {actions && <div className="actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

interface ListedProps<Row> {
  read: Pick<Read<{ data: Row[] }>, "data" | "problem" | "reload">;
  /** Where nothing was found: one sentence and what fills it. */
  empty: ReactNode;
  children: (rows: Row[]) => ReactNode;
}

/** The rows that were read; a problem, a skeleton or `empty` where there are none. */
export function Listed<Row>({ read, empty, children }: ListedProps<Row>) {
  if (!read.data) return read.problem ? <Wrong problem={read.problem} retry={read.reload} /> : <Skeleton />;
  if (read.data.data.length === 0) return empty;
  return children(read.data.data);
}

interface PagerProps {
  /** Of the rows that are shown; null: the newest. */
  cursor: string | null;
  next: string | null | undefined;
  onGo: (cursor: string | null) => void;
}

export function Pager({ cursor, next, onGo }: PagerProps) {
  if (!cursor && !next) return null;
  return (
    <footer className="pager">
      {cursor && <Button onClick={() => onGo(null)}>Newest</Button>}
      {next && <Button onClick={() => onGo(next)}>Older</Button>}
    </footer>
  );
}
