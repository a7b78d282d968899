// One question to people: what it is about, who is asked until when, what was said before, and the form that answers.
import { Link } from "wouter";
import { useRead } from "../../api/query";
import { At, Until, useNow } from "../../ui/clock";
import { BackIcon } from "../../ui/icons";
import { Page } from "../../ui/page";
import { Skeleton, Wrong } from "../../ui/said";
import { Shown } from "../../ui/shown";
import { Status } from "../../ui/status";
import { useLastPart } from "../../ui/place";
import { Answers, People, Quorum, type Whole } from "./answers";
import { AnswerForm } from "./form";
import "../../style/operate.css";

export default function ApprovalPage() {
  const id = useLastPart();
  const read = useRead("/api/v1/approvals/{id}", { id }, { every: 3_000 });
  return (
    <Page
      title={read.data?.title ?? "Approval"}
      filter={
        <Link href="/approvals" className="back-to">
          <BackIcon size={14} /> Approvals
        </Link>
      }
    >
      {!read.data ? read.problem ? <Wrong problem={read.problem} retry={read.reload} /> : <Skeleton /> : <About approval={read.data} />}
    </Page>
  );
}

function About({ approval }: { approval: Whole }) {
  return (
    <div className="approval">
      <p className="pad row-of">
        <Status status={approval.status} />
        <Quorum approval={approval} />
        {!approval.ended_at && <Due until={approval.expires_at} />}
        {approval.ended_at && (
          <span className="faint">
            ended <At at={approval.ended_at} />
          </span>
        )}
        <Link href={`/runs/${approval.run_id}`}>its run</Link>
        {approval.requested_by && <span className="faint">asked for by {approval.requested_by}</span>}
      </p>
      {approval.show != null && (
        <div className="card">
          <Shown value={approval.show} />
        </div>
      )}
      {approval.earlier.some((each) => each.answers.length) && <h2 className="part">Said before</h2>}
      {approval.earlier.map((round) => (
        <Answers key={round.id} round={round} />
      ))}
      <h2 className="part">Who is asked</h2>
      <People approval={approval} />
      {approval.answers.length > 0 && <h2 className="part">Answers</h2>}
      <Answers round={approval} />
      {approval.status === "WAITING" && <AnswerForm key={approval.id} approval={approval} />}
    </div>
  );
}

/** Until when it may be answered. */
export function Due({ until }: { until: string | null }) {
  const now = useNow();
  if (until === null) return <span className="faint">no limit</span>;
  return (
    <span className={Date.parse(until) - now < 3_600_000 ? "due" : undefined}>
      <Until at={until} />
    </span>
  );
}
