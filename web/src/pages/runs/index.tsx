import { useMemo, useRef, useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { useKeys } from "../../keys/keys";
import { Button } from "../../ui/button";
import { FirstRun } from "../../ui/first-run";
import { count } from "../../ui/format";
import { CancelIcon, ReplayIcon } from "../../ui/icons";
import { Menu } from "../../ui/menu";
import { At } from "../../ui/clock";
import { Empty, Skeleton, Wrong } from "../../ui/said";
import { useScrollKept } from "../../ui/scroll";
import { useTitle } from "../../ui/title";
import { attempt, toast } from "../../ui/toast";
import { FilterBar } from "./bar";
import { columnsOf, unseen } from "./columns";
import { type Filter, QUALIFIERS, readFilter, withQualifier } from "./filter";
import { type RunsPageState, useRuns } from "./live";
import { columnsText, Look } from "./look";
import { type Action, actOn, type Bulk, download, follow, many } from "./many";
import { RunsTable } from "./table";
import { viewOf } from "./views";

export function RunsPage() {
  const [, go] = useLocation();
  const [search, setSearch] = useSearchParams();
  const text = search.get("q") ?? "";
  const cursor = search.get("cursor");
  const filter = useMemo(() => readFilter(text), [text]);
  const page = useRef<HTMLDivElement>(null);
  useTitle("Runs");
  useScrollKept(page);
  const columns = useMemo(() => columnsOf(search.get("columns")), [search]);
  const state = useRuns(filter.params, cursor, unseen(columns), () => (page.current?.scrollTop ?? 0) < 40);
  const [at, setAt] = useState(0);
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const runs = state.runs ?? [];

  const ask = (q: string, from: string | null = null) => {
    setAt(0);
    setSearch((was) => {
      const now = new URLSearchParams(was);
      q ? now.set("q", q) : now.delete("q");
      from ? now.set("cursor", from) : now.delete("cursor");
      return now;
    });
  };
  const setColumns = (ids: string[] | null) =>
    setSearch(
      (was) => {
        const now = new URLSearchParams(was);
        const said = columnsText(ids);
        said === null ? now.delete("columns") : now.set("columns", said);
        return now;
      },
      { replace: true },
    );
  /** From where a range goes: the run that was last chosen or let go. */
  const lastChosen = useRef<string | null>(null);
  const toggle = (id: string, isRange = false) => {
    const start = isRange ? runs.findIndex((run) => run.id === lastChosen.current) : -1;
    const end = runs.findIndex((run) => run.id === id);
    lastChosen.current = id;
    setChosen((was) => {
      const now = new Set(was);
      if (start >= 0) for (const run of runs.slice(Math.min(start, end), Math.max(start, end) + 1)) now.add(run.id);
      else if (!now.delete(id)) now.add(id);
      return now;
    });
  };
  const [progress, setProgress] = useState<Bulk | null>(null);
  const doTo = async (action: Action, what: { ids: string[] } | Filter) => {
    const act = async () => {
      const bulk = await actOn(action, what);
      if (!bulk) return;
      setChosen(new Set());
      await follow(bulk, setProgress);
      state.reload();
    };
    await act().catch((error: Error) => toast(error.message, true));
  };
  const isWhole = runs.every((run) => chosen.has(run.id));
  const chooseAll = () => setChosen(isWhole ? new Set() : new Set(runs.map((run) => run.id)));

  useKeys([
    { press: "j", does: "Next run", act: () => setAt((was) => Math.min(was + 1, runs.length - 1)) },
    { press: "k", does: "Run before", act: () => setAt((was) => Math.max(was - 1, 0)) },
    { press: "Enter", does: "Open the run", act: () => runs[at] && go(`/runs/${runs[at].id}`) },
    { press: "x", does: "Choose the run", act: () => runs[at] && toggle(runs[at].id) },
    { press: "X", does: "Choose all up to the run", act: () => runs[at] && toggle(runs[at].id, true) },
  ]);

  return (
    <div className="page" ref={page}>
      <header className="top">
        <h1>Runs</h1>
        <FilterBar text={text} onChange={(q) => ask(q)} runs={runs} />
        <div className="row-of">
          <Look columns={columns} view={viewOf(search)} onView={(view) => setSearch(new URLSearchParams(view))} onColumns={setColumns} />
          <Menu
            label="Export all runs that fit"
            choices={[
              { does: "CSV", act: () => attempt(download(filter.params, "csv"), "Exported as CSV") },
              { does: "JSON lines", act: () => attempt(download(filter.params, "ndjson"), "Exported as JSON lines") },
            ]}
          >
            Export
          </Menu>
        </div>
      </header>
      {filter.unknown.length > 0 && (
        <p className="banner">
          Not understood: <code>{filter.unknown.join(" ")}</code>. A filter is <code>name:value</code>: {Object.keys(QUALIFIERS).join(", ")}…
        </p>
      )}
      {chosen.size > 0 && (
        <div className="bulk" role="toolbar" aria-label="With the chosen runs">
          {count(chosen.size, "run")} chosen
          <Button icon={<CancelIcon size={14} />} onClick={() => doTo("cancel", { ids: [...chosen] })}>
            Cancel
          </Button>
          <Button icon={<ReplayIcon size={14} />} onClick={() => doTo("replay", { ids: [...chosen] })}>
            Replay
          </Button>
          <Button kind="quiet" onClick={chooseAll}>
            {isWhole ? "None of the page" : "All of the page"}
          </Button>
          {text && (
            <>
              <Button kind="quiet" onClick={() => doTo("cancel", filter)}>
                Cancel all that fit
              </Button>
              <Button kind="quiet" onClick={() => doTo("replay", filter)}>
                Replay all that fit
              </Button>
            </>
          )}
          <Button kind="quiet" onClick={() => setChosen(new Set())}>
            Choose none
          </Button>
        </div>
      )}
      {progress && (
        <p className="bulk" role="status">
          {progress.action === "cancel" ? "Cancelled" : "Replayed"} {progress.done} of {many(progress.total, progress.is_total_exact)}
          {progress.failed > 0 && `, ${progress.failed} could not be: ${progress.failures[0]?.message}`}
          {progress.status !== "RUNNING" && (
            <Button kind="quiet" onClick={() => setProgress(null)}>
              Close
            </Button>
          )}
        </p>
      )}
      {state.fresh > 0 && (
        <button type="button" className="fresh" onClick={state.showFresh}>
          {state.fresh} new
        </button>
      )}
      {state.problem ? (
        <Wrong problem={state.problem} retry={state.reload} />
      ) : !state.runs ? (
        <Skeleton />
      ) : runs.length === 0 ? (
        <NoRuns isFiltered={text !== "" || cursor !== null} hasMore={state.next !== null} onClear={() => ask("")} onOlder={() => ask(text, state.next)} />
      ) : (
        <RunsTable
          runs={runs}
          columns={columns}
          at={at}
          chosen={chosen}
          onChoose={toggle}
          onChooseAll={chooseAll}
          onFilter={(name, value) => ask(withQualifier(text, name, value))}
        />
      )}
      <footer className="pager">
        <Reach state={state} />
        <Link href="/bulk" className="faint">
          Bulk actions
        </Link>
        {cursor && <Button onClick={() => ask(text)}>Newest</Button>}
        {state.next && <Button onClick={() => ask(text, state.next)}>Older</Button>}
      </footer>
    </div>
  );
}

/** How far this page looked, and what it could not look into. */
function Reach({ state }: { state: RunsPageState }) {
  return (
    <p className="faint reach">
      {state.lookedBackTo && (
        <>
          Looked through runs made since <At at={state.lookedBackTo} />.{" "}
        </>
      )}
      {state.encrypted > 0 && `${count(state.encrypted, "run")} passed over: nobody here can read the encrypted payload.`}
    </p>
  );
}

function NoRuns(props: { isFiltered: boolean; hasMore: boolean; onClear: () => void; onOlder: () => void }) {
  const { isFiltered, hasMore, onClear, onOlder } = props;
  if (isFiltered) {
    return (
      <Empty title={hasMore ? "None among these; older ones may fit." : "No run fits this filter."}>
        {hasMore && (
          <Button kind="main" onClick={onOlder}>
            Look further back
          </Button>
        )}
        <Button onClick={onClear}>Show all runs</Button>
      </Empty>
    );
  }
  return (
    <Empty title="Here is every run of a job, as it goes. None has been yet.">
      <FirstRun />
    </Empty>
  );
}
