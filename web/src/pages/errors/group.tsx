// One error: what it says, how often and since when, its latest traceback, the runs that failed with it, and who said what of it.
import { useEffect } from "react";
import { Link, useParams, useSearchParams } from "wouter";
import { type Shape } from "../../api/client";
import { useRead } from "../../api/query";
import { useKeys } from "../../keys/keys";
import { Button } from "../../ui/button";
import { At } from "../../ui/clock";
import { Copy } from "../../ui/copy";
import { count } from "../../ui/format";
import { BackIcon, CancelIcon, DoneIcon, ReplayIcon } from "../../ui/icons";
import { Menu } from "../../ui/menu";
import { Skeleton, Wrong } from "../../ui/said";
import { Status } from "../../ui/status";
import { useTitle } from "../../ui/title";
import { ErrorCard } from "../run/cards";
import { replayAll, say, type Verb } from "./act";
import { Bars, ReachChips, REACHES, reachOf } from "./bars";
import { Standing } from "./standing";
import { firstLine } from "./table";
import "../../style/errors.css";

type Whole = Shape<"WholeErrorGroupShape">;

const EVERY_MS = 10_000;

export default function ErrorGroupPage() {
  const { id = "" } = useParams();
  const [search, setSearch] = useSearchParams();
  const reach = reachOf(search.get("counts"));
  const read = useRead("/api/v1/errors/{id}", { id, counts: reach }, { every: EVERY_MS });
  const group = read.data;
  useTitle(group ? `${group.type}: ${firstLine(group.message)}` : "Error");
  if (!group) return read.problem ? <Wrong problem={read.problem} retry={read.reload} /> : <Skeleton />;
  const isSaidAbove = firstLine(group.message) === group.message;
  const sum = group.counts.runs.reduce((all, each) => all + each, 0);
  return (
    <div className="page run">
      <Head group={group} />
      <Facts group={group} />
      <section className="error-part" aria-label="How often">
        <header>
          <h2>
            {count(sum, "run")} in {REACHES[reach]}
          </h2>
          <ReachChips reach={reach} onChange={(to) => setSearch(to === "24h" ? {} : { counts: to }, { replace: true })} />
        </header>
        {sum > 0 && <span className="error-most faint">at most {Math.max(...group.counts.runs).toLocaleString()}</span>}
        <Bars counts={group.counts} reach={reach} isLarge />
        <p className="error-ends faint">
          <At at={group.counts.since} />
          <span>now</span>
        </p>
      </section>
      <ErrorCard failure={group.last_error && { ...group.last_error, type: group.type, message: group.message }} isTitled={!isSaidAbove} />
      <Runs group={group} />
      <div className="error-two">
        <Versions versions={group.versions} />
        <History changes={group.history} />
      </div>
    </div>
  );
}

function Head({ group }: { group: Whole }) {
  const can = (verb: Verb, until = {}) => () => void say(verb, [group.id], until);
  const isOpen = group.status === "unresolved";
  useKeys([
    isOpen ? { press: "d", does: "Resolve", act: can("resolve") } : { press: "o", does: "Reopen", act: can("reopen") },
    ...(group.status === "ignored" ? [] : [{ press: "i", does: "Ignore", act: can("ignore") }]),
    { press: "r", does: "Replay its runs", act: () => void replayAll([group.id]) },
    { press: "Escape", does: "Back to the errors", act: () => history.back() },
  ]);
  return (
    <header className="top run-top">
      <Link href="/errors" className="back" aria-label="Back to the errors" title="key Esc">
        <BackIcon size={16} />
      </Link>
      <div className="names">
        <h1>{firstLine(group.message) || group.type}</h1>
        <span className="mono faint">{group.type}</span>
        <Standing group={group} />
      </div>
      <div className="actions">
        <Button hint="r" icon={<ReplayIcon size={14} />} onClick={() => void replayAll([group.id])}>
          Replay all runs
        </Button>
        {isOpen ? (
          <>
            <Menu
              label="Ignore"
              choices={[
                { does: "For good", hint: "i", act: can("ignore") },
                { does: "For a day", act: can("ignore", { for: "1 day" }) },
                { does: "For a week", act: can("ignore", { for: "7 days" }) },
                { does: "Until 10 more runs fail", act: can("ignore", { runs: 10 }) },
                { does: "Until 100 more runs fail", act: can("ignore", { runs: 100 }) },
              ]}
            >
              <span className="error-ignore">
                <CancelIcon size={14} /> Ignore
              </span>
            </Menu>
            <Button kind="main" hint="d" icon={<DoneIcon size={14} />} onClick={can("resolve")}>
              Resolve
            </Button>
          </>
        ) : (
          <Button kind="main" hint="o" onClick={can("reopen")}>
            Reopen
          </Button>
        )}
      </div>
    </header>
  );
}

function Facts({ group }: { group: Whole }) {
  return (
    <dl className="facts">
      <div>
        <dt>Job</dt>
        <dd>
          <Link href={`/jobs/${encodeURIComponent(group.job_id)}`}>{group.job_id}</Link>
        </dd>
      </div>
      {group.task && (
        <div>
          <dt>Task</dt>
          <dd className="mono">{group.task}</dd>
        </div>
      )}
      <div>
        <dt>Runs</dt>
        <dd>{group.runs.toLocaleString()}</dd>
      </div>
      <div>
        <dt>First seen</dt>
        <dd>
          <At at={group.first_seen_at} />
        </dd>
      </div>
      <div>
        <dt>Last seen</dt>
        <dd>
          <At at={group.last_seen_at} /> in <Link href={`/runs/${group.last_run_id}`}>the last run</Link>
        </dd>
      </div>
      <div>
        <dt>Id</dt>
        <dd className="mono">
          {group.id} <Copy text={group.id} label="the id" />
        </dd>
      </div>
    </dl>
  );
}

const MOST_RUNS = 10;

function Runs({ group }: { group: Whole }) {
  const read = useRead("/api/v1/runs", { error: group.id, limit: MOST_RUNS });
  // Read with the group: whenever that has grown, there is a run that is not shown yet.
  useEffect(read.reload, [group.runs]);
  return (
    <section className="error-part" aria-label="Runs">
      <header>
        <h2>Runs</h2>
        <Link href={`/runs?q=${encodeURIComponent(`error:${group.id}`)}`}>All {group.runs.toLocaleString()}</Link>
      </header>
      {read.problem && !read.data && <Wrong problem={read.problem} retry={read.reload} />}
      {!read.data && !read.problem && <Skeleton rows={3} />}
      <table className="list">
        <tbody>
          {read.data?.data.map((run) => (
            <tr key={run.id}>
              <td>
                <Status status={run.status} />
              </td>
              <td className="main">
                <Link href={`/runs/${run.id}`} className="mono">
                  {run.id.slice(0, 8)}…{run.id.slice(-6)}
                </Link>
                <span className="note mono">{JSON.stringify(run.payload)}</span>
              </td>
              <td className="wide faint">{run.job_version}</td>
              <td className="number">
                <At at={run.finished_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Versions({ versions }: { versions: Whole["versions"] }) {
  return (
    <section className="error-part" aria-label="Versions">
      <h2>Versions</h2>
      <ul className="plain">
        {versions.map((each) => (
          <li key={each.version}>
            <span className="mono">{each.version}</span>
            <span>{count(each.runs, "run")}</span>
            <span className="faint">
              last <At at={each.last_seen_at} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const WORDS: Record<string, string> = {
  resolved: "Resolved",
  ignored: "Ignored",
  reopened: "Reopened",
  came_back: "Came back",
  ignore_ended: "Is ignored no longer",
};

function History({ changes }: { changes: Whole["history"] }) {
  return (
    <section className="error-part" aria-label="What befell it">
      <h2>What befell it</h2>
      {changes.length === 0 && <p className="faint">Nobody has said anything of it yet.</p>}
      <ul className="plain">
        {changes.map((each) => (
          <li key={each.at + each.kind}>
            <span>
              {WORDS[each.kind]}
              {each.until && (
                <>
                  {" "}
                  until <At at={each.until} />
                </>
              )}
              {each.runs !== null && ` for ${count(each.runs, "run")}`}
            </span>
            {each.by && <span className="faint">by {each.by}</span>}
            {each.run_id && <Link href={`/runs/${each.run_id}`}>its run</Link>}
            <span className="faint">
              <At at={each.at} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
