// What people are asked: who waits for whom, what it is about, and the form that answers.
import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import { Problem, send, type Shape } from "../api/client";
import { refresh, useRead } from "../api/query";
import { useKeys } from "../keys/keys";
import { parsedOf, SchemaForm } from "../schema-form/form";
import { defaultsOf, type Schema } from "../schema-form/schema";
import { Button } from "../ui/button";
import { At } from "../ui/clock";
import { Dialog } from "../ui/dialog";
import { CancelIcon, DoneIcon } from "../ui/icons";
import { Listed, Page, Pager } from "../ui/page";
import { Empty, Skeleton, Wrong } from "../ui/said";
import { Shown } from "../ui/shown";
import { Status } from "../ui/status";
import { toast } from "../ui/toast";

type Approval = Shape<"ApprovalShape">;
type Whole = Shape<"WholeApprovalShape">;

const CODE = `verdict = await io.wait_for_approval("refund?", show=order, to=["ann@shop.com"], timeout="3 days")`;
const PLACE = "mainspring.name";

export default function ApprovalsPage() {
  const [search, setSearch] = useSearchParams();
  const status = search.get("status") ?? "WAITING";
  const cursor = search.get("cursor");
  const open = search.get("approval");
  const run = search.get("run");
  const read = useRead("/api/v1/approvals", { status: status === "ALL" ? null : status, run, cursor, limit: 50 }, { every: 5_000 });
  const set = (changes: Record<string, string | null>) =>
    setSearch((was) => {
      const now = new URLSearchParams(was);
      for (const [name, value] of Object.entries(changes)) value === null ? now.delete(name) : now.set(name, value);
      return now;
    });
  const rows = read.data?.data ?? [];
  const [at, setAt] = useState(0);
  useKeys([
    { press: "j", does: "Next approval", act: () => setAt((was) => Math.min(was + 1, rows.length - 1)) },
    { press: "k", does: "Approval before", act: () => setAt((was) => Math.max(was - 1, 0)) },
    { press: "Enter", does: "Open the approval", act: () => rows[at] && set({ approval: rows[at].id }) },
  ]);
  return (
    <Page
      title="Approvals"
      filter={
        <div className="chips" role="group" aria-label="Status">
          {["WAITING", "APPROVED", "REJECTED", "EXPIRED", "ALL"].map((each) => (
            <button key={each} type="button" aria-pressed={each === status} onClick={() => set({ status: each === "WAITING" ? null : each, cursor: null })}>
              {each.toLowerCase()}
            </button>
          ))}
        </div>
      }
    >
      <Listed
        read={read}
        empty={
          <Empty title={status === "WAITING" ? "Nobody is asked anything now. A run asks people like this:" : "There is none like that."}>
            {status === "WAITING" && <pre className="code">{CODE}</pre>}
          </Empty>
        }
      >
        {(shown) => <ApprovalsTable rows={shown} at={at} onOpen={(id) => set({ approval: id })} />}
      </Listed>
      <Pager cursor={cursor} next={read.data?.next_cursor} onGo={(to) => set({ cursor: to })} />
      {open && <AnswerDialog id={open} onClose={() => set({ approval: null })} />}
    </Page>
  );
}

function ApprovalsTable({ rows, at, onOpen }: { rows: Approval[]; at: number; onOpen: (id: string) => void }) {
  return (
    <div className="sheet">
      <table className="list">
        <thead>
          <tr>
            <th>Status</th>
            <th>Question</th>
            <th>Asked</th>
            <th className="wide">Run</th>
            <th className="wide number">Since</th>
            <th className="number">Until</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((each, row) => (
            <tr key={each.id} className={row === at ? "here" : undefined}>
              <td>
                <Status status={each.status} />
              </td>
              <td className="main">
                <button type="button" className="link" onClick={() => onOpen(each.id)}>
                  {each.title}
                </button>
                {each.revision > 1 && <span className="note">round {each.revision}</span>}
              </td>
              <td>{each.people.map((person) => person.person).join(", ") || <span className="faint">anybody</span>}</td>
              <td className="wide">
                <Link href={`/runs/${each.run_id}`} className="mono">
                  {each.run_id.slice(0, 8)}…{each.run_id.slice(-6)}
                </Link>
              </td>
              <td className="wide number">
                <At at={each.created_at} />
              </td>
              <td className="number">
                <At at={each.ended_at ?? each.expires_at} otherwise="no limit" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function AnswerDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const read = useRead("/api/v1/approvals/{id}", { id });
  return (
    <Dialog title={read.data?.title ?? "Approval"} onClose={onClose}>
      {read.problem && <Wrong problem={read.problem} />}
      {read.data ? <Question approval={read.data} onDone={onClose} /> : !read.problem && <Skeleton rows={4} />}
    </Dialog>
  );
}

function Question({ approval, onDone }: { approval: Whole; onDone: () => void }) {
  return (
    <>
      <p className="row-of">
        <Status status={approval.status} />
        <Link href={`/runs/${approval.run_id}`}>its run</Link>
        {approval.expires_at && !approval.ended_at && (
          <span className="faint">
            until <At at={approval.expires_at} />
          </span>
        )}
        {approval.quorum > 1 && <span className="faint">{approval.quorum} must approve</span>}
      </p>
      {approval.show != null && <Shown value={approval.show} />}
      {[...approval.earlier, approval].map((round) => (
        <Answers key={round.id} round={round} />
      ))}
      {approval.status === "WAITING" && <AnswerForm approval={approval} onDone={onDone} />}
    </>
  );
}

function Answers({ round }: { round: Approval }) {
  return (
    <ul className="plain">
      {round.answers.map((answer) => (
        <li key={answer.by + answer.at}>
          <Status status={answer.decision === "approve" ? "APPROVED" : "REJECTED"} /> by {answer.by} <At at={answer.at} />
          {answer.comment && <>: {answer.comment}</>}
          {round.revision > 1 && <span className="note">round {round.revision}</span>}
        </li>
      ))}
    </ul>
  );
}

/** Of those who are asked, the first who has not answered. */
function nextPerson(approval: Whole): string {
  const answered = new Set(approval.answers.map((each) => each.by));
  return approval.people.find((each) => !each.delegated_to && !answered.has(each.person))?.person ?? "";
}

function AnswerForm({ approval, onDone }: { approval: Whole; onDone: () => void }) {
  const [by, setBy] = useState(() => localStorage.getItem(PLACE) ?? nextPerson(approval));
  const [comment, setComment] = useState("");
  const [form, setForm] = useState(() => parsedOf(approval.schema == null ? null : defaultsOf(approval.schema as Schema)));
  const [problem, setProblem] = useState<Problem | null>(null);
  const answer = async (decision: "approve" | "reject") => {
    localStorage.setItem(PLACE, by);
    const filled = decision === "approve" && approval.schema != null ? { form: form.value } : {};
    try {
      await send("post", "/api/v1/approvals/{id}", { id: approval.id }, { decision, by, comment: comment || null, ...filled });
      toast(decision === "approve" ? "Approved" : "Rejected");
      refresh("/api/v1/approvals");
      onDone();
    } catch (error) {
      setProblem(error as Problem);
    }
  };
  return (
    <form
      className="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void answer("approve");
      }}
    >
      {approval.schema != null && (
        <SchemaForm label="Answer" schema={approval.schema} parsed={form} errors={problem?.errors ?? []} onChange={setForm} onSubmit={() => void answer("approve")} />
      )}
      <div className="field">
        <label htmlFor="approval-comment">Comment</label>
        <textarea id="approval-comment" rows={2} value={comment} onChange={(event) => setComment(event.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="approval-by">You are</label>
        <input id="approval-by" list="approval-people" value={by} required onChange={(event) => setBy(event.target.value)} />
        <datalist id="approval-people">
          {approval.people.map((each) => (
            <option key={each.person} value={each.person} />
          ))}
        </datalist>
      </div>
      {problem && <Wrong problem={problem} />}
      <div className="row-of">
        <Button kind="main" type="submit" icon={<DoneIcon size={14} />} disabled={form.problem !== null}>
          Approve
        </Button>
        <Button kind="danger" icon={<CancelIcon size={14} />} onClick={() => by && void answer("reject")}>
          Reject
        </Button>
      </div>
    </form>
  );
}
