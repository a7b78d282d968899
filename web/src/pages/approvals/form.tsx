// The form that answers: by the model that the run gave; approved, rejected, handed on.
import { useState } from "react";
import { type Problem, send } from "../../api/client";
import { refresh } from "../../api/query";
import { useKeys } from "../../keys/keys";
import { parsedOf, SchemaForm } from "../../schema-form/form";
import { defaultsOf, type Schema } from "../../schema-form/schema";
import { Button } from "../../ui/button";
import { confirm } from "../../ui/confirm";
import { CancelIcon, DoneIcon } from "../../ui/icons";
import { useWho } from "../../ui/me";
import { Wrong } from "../../ui/said";
import { Shown } from "../../ui/shown";
import { toast } from "../../ui/toast";
import type { Approval, Whole } from "./answers";

export type Decision = "approve" | "reject";

/** Of those who are asked, the first who has not answered. */
function nextPerson(approval: Approval): string {
  const answered = new Set(approval.answers.map((each) => each.by));
  return approval.people.find((each) => !each.delegated_to && !answered.has(each.person))?.person ?? "";
}

export async function post(id: string, body: Record<string, unknown> & { decision: Decision }): Promise<void> {
  await send("post", "/api/v1/approvals/{id}", { id }, body);
  toast(body.decision === "approve" ? "Approved" : "Rejected");
  refresh("/api/v1/approvals");
}

export function AnswerForm({ approval }: { approval: Whole }) {
  const [by, setBy] = useWho(nextPerson(approval));
  const [comment, setComment] = useState("");
  const [to, setTo] = useState("");
  const [form, setForm] = useState(() => parsedOf(approval.schema == null ? null : defaultsOf(approval.schema as Schema)));
  const [problem, setProblem] = useState<Problem | null>(null);
  const hasForm = approval.schema != null;
  const attempt = async (doing: () => Promise<void>) => {
    try {
      await doing();
      setProblem(null);
    } catch (error) {
      setProblem(error as Problem);
    }
  };
  const answer = (decision: Decision) =>
    attempt(() => post(approval.id, { decision, by: by || null, comment: comment || null, ...(hasForm && decision === "approve" ? { form: form.value } : {}) }));
  const handOn = () =>
    attempt(async () => {
      await send("post", "/api/v1/approvals/{id}/delegate", { id: approval.id }, { by, to });
      toast(`${to} is asked instead of ${by}`);
      setTo("");
      refresh("/api/v1/approvals");
    });
  const pressed = async (decision: Decision) => {
    const verb = decision === "approve" ? "Approve" : "Reject";
    const isSure = await confirm({
      title: `${verb} it${by && `, as ${by}`}?`,
      body: decision === "approve" && hasForm ? <Shown value={form.value} /> : approval.title,
      does: verb,
      isDanger: decision === "reject",
    });
    if (isSure) await answer(decision);
  };
  useKeys([
    { press: "a", does: "Approve", act: () => void pressed("approve") },
    { press: "r", does: "Reject", act: () => void pressed("reject") },
  ]);
  return (
    <form
      className="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void answer("approve");
      }}
    >
      {hasForm && <SchemaForm label="Answer" schema={approval.schema} parsed={form} errors={problem?.errors ?? []} onChange={setForm} onSubmit={() => void answer("approve")} />}
      <div className="field">
        <label htmlFor="approval-comment">Comment</label>
        <textarea id="approval-comment" rows={2} value={comment} onChange={(event) => setComment(event.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="approval-by">You are</label>
        <input id="approval-by" list="approval-people" value={by} autoComplete="off" onChange={(event) => setBy(event.target.value)} />
        <datalist id="approval-people">
          {approval.people.map((each) => (
            <option key={each.person} value={each.person} />
          ))}
        </datalist>
      </div>
      {problem && <Wrong problem={problem} />}
      <div className="row-of answer-buttons">
        <Button kind="main" type="submit" hint="a" icon={<DoneIcon size={14} />} disabled={form.problem !== null}>
          Approve
        </Button>
        <Button kind="danger" hint="r" icon={<CancelIcon size={14} />} onClick={() => void answer("reject")}>
          Reject
        </Button>
      </div>
      <details>
        <summary>Hand it on</summary>
        <div className="row-of">
          <input aria-label="Who is asked instead of you" placeholder="bob@shop.com" value={to} onChange={(event) => setTo(event.target.value)} autoComplete="off" />
          <Button disabled={!to || !by} onClick={() => void handOn()}>
            Ask them instead
          </Button>
        </div>
      </details>
    </form>
  );
}
