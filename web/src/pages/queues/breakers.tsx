// Circuit breakers: what is held back because something does not answer; opened and closed by hand.
import { Link } from "wouter";
import { send, type Shape } from "../../api/client";
import { refresh, useRead } from "../../api/query";
import { Button } from "../../ui/button";
import { At } from "../../ui/clock";
import { confirm } from "../../ui/confirm";
import { count } from "../../ui/format";
import { by } from "../../ui/me";
import { attempt } from "../../ui/toast";

type Breaker = Shape<"BreakerShape">;

export function Breakers() {
  const read = useRead("/api/v1/breakers", {}, { every: 3_000 });
  if (!read.data?.data.length) return null;
  return (
    <section aria-label="Circuit breakers">
      <h2 className="part">Circuit breakers</h2>
      <div className="sheet">
        <table className="list">
          <thead>
            <tr>
              <th>Breaker</th>
              <th>State</th>
              <th className="number">Held</th>
              <th className="wide number">Probed</th>
              <th>
                <span className="unseen">Do</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {read.data.data.map((each) => (
              <Row key={each.name} breaker={each} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const TONES = { closed: "ok-text", open: "bad-text", "half-open": "warn-text" };

function Row({ breaker }: { breaker: Breaker }) {
  const open = async () => {
    const isSure = await confirm({
      title: `Open ${breaker.name}?`,
      body: "No further attempt of its tasks begins until you reset it: their runs wait, and lose nothing.",
      does: "Open it",
      isDanger: true,
    });
    if (!isSure) return;
    await attempt(send("post", "/api/v1/breakers/{name}/open", { name: breaker.name }, by()), `${breaker.name} is open`);
    refresh("/api/v1/breakers");
  };
  const reset = async () => {
    await attempt(send("post", "/api/v1/breakers/{name}/reset", { name: breaker.name }), `${breaker.name} is closed: all go on`);
    refresh("/api/v1/breakers");
  };
  return (
    <tr>
      <td className="main says">
        <strong>{breaker.name}</strong>
        <span className="note"><Why breaker={breaker} /></span>
      </td>
      <td className={TONES[breaker.state]}>
        {breaker.state}
        {breaker.opened_at && (
          <span className="note">
            <At at={breaker.opened_at} />
          </span>
        )}
      </td>
      <td className="number">{breaker.first_run_id ? <Link href={`/runs/${breaker.first_run_id}`}>{breaker.held.toLocaleString()}</Link> : breaker.held.toLocaleString()}</td>
      <td className="wide number">
        <At at={breaker.probe_at} />
      </td>
      <td className="does">
        {breaker.state === "closed" ? (
          <Button kind="quiet" onClick={() => void open()}>
            Open
          </Button>
        ) : (
          <Button onClick={() => void reset()}>Reset</Button>
        )}
      </td>
    </tr>
  );
}

/** Why it stands as it does; when is said beside it. */
function Why({ breaker }: { breaker: Breaker }) {
  if (breaker.state === "closed") return <>lets everything through</>;
  if (breaker.probe_run_id)
    return (
      <>
        lets one attempt through to see: {breaker.probe_task} of <Link href={`/runs/${breaker.probe_run_id}`}>its run</Link>
      </>
    );
  const why = breaker.opened_by ? `opened by ${breaker.opened_by}` : `opened after ${count(breaker.failed, "failure")} in a row`;
  if (!breaker.probe_at) return <>{why}, until it is reset</>;
  if (!breaker.first_run_id) return <>{why}</>;
  return (
    <>
      {why}; <Link href={`/runs/${breaker.first_run_id}`}>who has waited longest</Link> tries it first
    </>
  );
}
