// Who was asked and who answered what: of this round and of those before it.
import type { Shape } from "../../api/client";
import { At } from "../../ui/clock";
import { Shown } from "../../ui/shown";
import { Status } from "../../ui/status";

export type Approval = Shape<"ApprovalShape">;
export type Whole = Shape<"WholeApprovalShape">;

/** `1 of 2 approved`, where more than one must. */
export function Quorum({ approval }: { approval: Approval }) {
  if (approval.quorum < 2) return null;
  const approved = approval.answers.filter((each) => each.decision === "approve").length;
  return (
    <span className="row-of">
      <progress value={approved} max={approval.quorum} aria-label="Approvals" /> {approved} of {approval.quorum} approved
    </span>
  );
}

const KINDS = { asked: "asked", escalation: "asked because the others did not answer", delegated: "asked in place of" };

export function People({ approval }: { approval: Approval }) {
  if (!approval.people.length) return <p className="faint pad">Anybody may answer{approval.requested_by && ` but ${approval.requested_by}, who asked for it`}.</p>;
  return (
    <ul className="plain pad">
      {approval.people.map((each) => {
        const answer = approval.answers.find((one) => one.by === each.person);
        return (
          <li key={each.person + each.asked_at}>
            {answer && <Status status={answer.decision === "approve" ? "APPROVED" : "REJECTED"} />} <strong>{each.person}</strong>{" "}
            <span className="faint">
              {KINDS[each.kind]} {each.kind === "delegated" && each.from} <At at={each.asked_at} />
              {each.delegated_to && `, handed it to ${each.delegated_to}`}
              {!answer && !each.delegated_to && (approval.ended_at ? ", did not answer" : ", has not answered yet")}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

export function Answers({ round }: { round: Approval }) {
  if (!round.answers.length) return null;
  return (
    <ul className="plain pad answers">
      {round.answers.map((answer) => (
        <li key={`${answer.by}${answer.at}`}>
          <Status status={answer.decision === "approve" ? "APPROVED" : "REJECTED"} /> by <strong>{answer.by ?? "somebody"}</strong> <At at={answer.at} />
          <span className="faint"> {answer.via === "link" ? "through their link" : "with a key"}</span>
          {round.revision > 1 && <span className="note">round {round.revision}</span>}
          {answer.comment && <p className="quote">{answer.comment}</p>}
          {answer.form != null && <Shown value={answer.form} />}
        </li>
      ))}
    </ul>
  );
}
