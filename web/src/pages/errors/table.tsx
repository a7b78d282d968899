// The rows of the errors: the message first, what it is and where below it.
import { Link } from "wouter";
import { Button } from "../../ui/button";
import { At } from "../../ui/clock";
import { CancelIcon, DoneIcon } from "../../ui/icons";
import type { ErrorGroup, Verb } from "./act";
import { Bars, type Reach } from "./bars";
import { Standing } from "./standing";

interface Props {
  groups: ErrorGroup[];
  at: number;
  chosen: Set<string>;
  reach: Reach;
  /** The focus came to a row. */
  onPoint: (row: number) => void;
  onChoose: (id: string) => void;
  onSay: (verb: Verb, id: string) => void;
}

export function ErrorsTable({ groups, at, chosen, reach, onPoint, onChoose, onSay }: Props) {
  return (
    <div className="sheet">
      <table className="list errors">
        <thead>
          <tr>
            <th className="tick">
              <span className="unseen">Choose</span>
            </th>
            <th>Error</th>
            <th className="wide">Last {reach}</th>
            <th className="number">Runs</th>
            <th className="wide number">First seen</th>
            <th className="number">Last seen</th>
            <th className="does">
              <span className="unseen">Do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group, row) => (
            <tr key={group.id} className={row === at ? "here" : undefined} onFocus={() => onPoint(row)}>
              <td className="tick">
                <input type="checkbox" checked={chosen.has(group.id)} onChange={() => onChoose(group.id)} aria-label={`Choose ${group.message.slice(0, 80)}`} />
              </td>
              <td className="main">
                <Link href={`/errors/${group.id}${reach === "24h" ? "" : `?counts=${reach}`}`} title={group.message}>
                  {firstLine(group.message) || group.type}
                </Link>
                <div className="error-where">
                  {(group.came_back_at || group.status === "ignored") && <Standing group={group} />}
                  <span className="mono">{group.type}</span>
                  <span>
                    {group.job_id}
                    {group.task && ` / ${group.task}`}
                  </span>
                </div>
              </td>
              <td className="wide">
                <Bars counts={group.counts} reach={reach} />
              </td>
              <td className="number">{group.runs.toLocaleString()}</td>
              <td className="wide number">
                <At at={group.first_seen_at} />
              </td>
              <td className="number">
                <At at={group.last_seen_at} />
              </td>
              <td className="does">
                {group.status === "unresolved" ? (
                  <>
                    <Button kind="quiet" title="Resolve" hint="d" aria-label={`Resolve ${group.type} of ${group.job_id}`} icon={<DoneIcon size={15} />} onClick={() => onSay("resolve", group.id)} />
                    <Button kind="quiet" title="Ignore" hint="i" aria-label={`Ignore ${group.type} of ${group.job_id}`} icon={<CancelIcon size={15} />} onClick={() => onSay("ignore", group.id)} />
                  </>
                ) : (
                  <Button kind="quiet" hint="o" onClick={() => onSay("reopen", group.id)}>
                    Reopen
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export const firstLine = (text: string): string => text.trim().split("\n")[0] ?? "";
