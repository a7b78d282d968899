// How a group stands, in a word with a mark: open, came back, resolved, ignored until when.
import { At } from "../../ui/clock";
import { Mark } from "../../ui/status";
import type { ErrorGroup } from "./act";

export function Standing({ group }: { group: ErrorGroup }) {
  if (group.came_back_at) {
    return (
      <span className="status warn">
        <Mark status="RETRYING" /> came back
      </span>
    );
  }
  if (group.status === "resolved") {
    return (
      <span className="status ok">
        <Mark status="SUCCESS" /> resolved
      </span>
    );
  }
  if (group.status === "ignored") {
    return (
      <span className="status idle">
        <Mark status="CANCELLED" /> ignored
        {group.ignored_until && (
          <span className="faint">
            until <At at={group.ignored_until} />
          </span>
        )}
        {group.ignored_runs !== null && <span className="faint">for {group.ignored_runs.toLocaleString()} more runs</span>}
      </span>
    );
  }
  return (
    <span className="status bad">
      <Mark status="FAILED" /> unresolved
    </span>
  );
}
