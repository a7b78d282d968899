// What people are asked: who waits for whom, until when; those that wait come first.
import { Link, useLocation, useSearchParams } from "wouter";
import { useRead } from "../../api/query";
import { useKeys } from "../../keys/keys";
import { Button } from "../../ui/button";
import { At } from "../../ui/clock";
import { confirm } from "../../ui/confirm";
import { CancelIcon, DoneIcon } from "../../ui/icons";
import { useWho } from "../../ui/me";
import { Listed, Page, Pager } from "../../ui/page";
import { Empty } from "../../ui/said";
import { Status } from "../../ui/status";
import { attempt } from "../../ui/toast";
import { type Approval, Quorum } from "./answers";
import { Due } from "./approval";
import { type Decision, post } from "./form";
import "../../style/operate.css";

const CODE = `verdict = await io.wait_for_approval("refund?", show=order, to=["ann@shop.com"], timeout="3 days")`;
const STATUSES = ["WAITING", "APPROVED", "REJECTED", "EXPIRED", "ALL"];

export default function ApprovalsPage() {
  const [search, setSearch] = useSearchParams();
  const [, go] = useLocation();
  const [who, setWho] = useWho();
  const status = search.get("status") ?? "WAITING";
  const [cursor, run, to] = [search.get("cursor"), search.get("run"), search.get("to")];
  const read = useRead("/api/v1/approvals", { status: status === "ALL" ? null : status, run, to, cursor, limit: 50 }, { every: 3_000 });
  const set = (changes: Record<string, string | null>) =>
    setSearch((was) => {
      const now = new URLSearchParams(was);
      for (const [name, value] of Object.entries(changes)) value === null ? now.delete(name) : now.set(name, value);
      return now;
    });
  const rows = read.data?.data ?? [];
  const decide = async (decision: Decision, approval?: Approval) => {
    if (!approval || approval.status !== "WAITING") return;
    // What has a form, or nobody to answer as, is answered on its own page.
    if (approval.schema != null || !who) return go(`/approvals/${approval.id}`);
    const verb = decision === "approve" ? "Approve" : "Reject";
    if (await confirm({ title: `${verb} it, as ${who}?`, body: approval.title, does: verb, isDanger: decision === "reject" }))
      await attempt(post(approval.id, { decision, by: who }), verb === "Approve" ? "It goes on" : "It is rejected");
  };
  const atRow = () => {
    const id = document.activeElement?.closest<HTMLElement>("tr[data-id]")?.dataset.id;
    return rows.find((each) => each.id === id) ?? rows[0];
  };
  const isOn = () => rows.some((each) => each.status === "WAITING");
  useKeys([
    { press: "a", does: "Approve the row", act: () => void decide("approve", atRow()), isOn },
    { press: "r", does: "Reject the row", act: () => void decide("reject", atRow()), isOn },
  ]);
  return (
    <Page
      title="Approvals"
      filter={
        <div className="chips" role="group" aria-label="Status">
          {STATUSES.map((each) => (
            <button key={each} type="button" aria-pressed={each === status} onClick={() => set({ status: each === "WAITING" ? null : each, cursor: null })}>
              {each.toLowerCase()}
            </button>
          ))}
          {who && (
            <button type="button" aria-pressed={to === who} onClick={() => set({ to: to === who ? null : who, cursor: null })}>
              asked of me
            </button>
          )}
          <input className="who" aria-label="You are" placeholder="You are: ann@shop.com" defaultValue={who} onBlur={(event) => setWho(event.target.value.trim())} autoComplete="off" />
        </div>
      }
      actions={
        <Link className="button quiet" href="/tokens" title="What other programs are waited for">
          Tokens
        </Link>
      }
    >
      <Listed
        read={read}
        empty={
          <Empty title={status === "WAITING" ? (to ? `Nothing waits for ${to}.` : "Nobody is asked anything now. A run asks people like this:") : "There is none like that."}>
            {status === "WAITING" && !to && <pre className="code">{CODE}</pre>}
          </Empty>
        }
      >
        {(shown) => <ApprovalsTable rows={shown} onDecide={(decision, approval) => void decide(decision, approval)} />}
      </Listed>
      <Pager cursor={cursor} next={read.data?.next_cursor} onGo={(next) => set({ cursor: next })} />
    </Page>
  );
}

interface Deciding {
  onDecide: (decision: Decision, approval: Approval) => void;
}

function ApprovalsTable({ rows, onDecide }: { rows: Approval[] } & Deciding) {
  return (
    <div className="sheet">
      <table className="list worded">
        <thead>
          <tr>
            <th>Status</th>
            <th>Question</th>
            <th className="asked">Asked</th>
            <th className="wide">Run</th>
            <th className="wide number">Since</th>
            <th className="number">Until</th>
            <th className="wide">
              <span className="unseen">Answer</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((each) => (
            <tr key={each.id} data-id={each.id}>
              <td>
                <Status status={each.status} />
              </td>
              <td className="main">
                <Link href={`/approvals/${each.id}`}>{each.title}</Link>
                {each.revision > 1 && <span className="note">round {each.revision}</span>}
                <span className="note">
                  <Quorum approval={each} />
                </span>
              </td>
              <td className="asked">
                <Asked approval={each} />
              </td>
              <td className="wide">
                <Link href={`/runs/${each.run_id}`} className="mono">
                  {each.run_id.slice(0, 8)}…{each.run_id.slice(-6)}
                </Link>
              </td>
              <td className="wide number">
                <At at={each.created_at} />
              </td>
              <td className="number">{each.ended_at ? <At at={each.ended_at} /> : <Due until={each.expires_at} />}</td>
              <td className="wide does">{each.status === "WAITING" && <Decide approval={each} onDecide={onDecide} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The first of them, and how many more: the question needs the room. */
function Asked({ approval }: { approval: Approval }) {
  const names = approval.people.filter((each) => !each.delegated_to).map((each) => each.person);
  if (!names.length) return <span className="faint">anybody</span>;
  return (
    <span title={names.join(", ")}>
      {names[0]} {names.length > 1 && <span className="faint">+{names.length - 1}</span>}
    </span>
  );
}

function Decide({ approval, onDecide }: { approval: Approval } & Deciding) {
  return (
    <span className="decide">
      <Button kind="quiet" hint="a" aria-label={`Approve: ${approval.title}`} icon={<DoneIcon size={14} />} onClick={() => onDecide("approve", approval)} />
      <Button kind="quiet" hint="r" aria-label={`Reject: ${approval.title}`} icon={<CancelIcon size={14} />} onClick={() => onDecide("reject", approval)} />
    </span>
  );
}
