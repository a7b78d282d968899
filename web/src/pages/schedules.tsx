import { Link, useLocation } from "wouter";
import { send, type Shape } from "../api/client";
import { refresh, useRead } from "../api/query";
import { Button } from "../ui/button";
import { At } from "../ui/clock";
import { Listed, Page } from "../ui/page";
import { Empty } from "../ui/said";
import { attempt } from "../ui/toast";

type Schedule = Shape<"ScheduleShape">;

const CODE = `@client.job(id="report", trigger=cron_trigger("0 9 * * MON-FRI", timezone="Europe/Paris"))
async def report(io): ...`;

export default function SchedulesPage() {
  const read = useRead("/api/v1/schedules", { limit: 200 }, { every: 10_000 });
  return (
    <Page title="Schedules">
      <Listed
        read={read}
        empty={
          <Empty title="Here is what starts by itself, and when next. Nothing does yet.">
            <pre className="code">{CODE}</pre>
          </Empty>
        }
      >
        {(rows) => (
          <div className="sheet">
            <table className="list">
              <thead>
                <tr>
                  <th>When</th>
                  <th>Job</th>
                  <th>Next</th>
                  <th className="wide">The ones after</th>
                  <th className="wide">If missed</th>
                  <th>Last</th>
                  <th>
                    <span className="unseen">Do</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((each) => (
                  <Row key={each.id} schedule={each} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Listed>
    </Page>
  );
}

const MISSED = { none: "left out", last: "the last one runs", all: "all of them run" };

function Row({ schedule }: { schedule: Schedule }) {
  const [, go] = useLocation();
  const turn = async () => {
    const path = schedule.paused_at ? "/api/v1/schedules/{id}/resume" : "/api/v1/schedules/{id}/pause";
    await attempt(send("post", path, { id: schedule.id }), schedule.paused_at ? "It goes on" : "It is paused");
    refresh("/api/v1/schedules");
  };
  const runNow = async () => {
    const run = await attempt(send("post", "/api/v1/schedules/{id}/run", { id: schedule.id }), "A run has started");
    if (run && "id" in run) go(`/runs/${String(run.id)}`);
  };
  return (
    <tr className={schedule.paused_at ? "off" : undefined}>
      <td className="main">
        {schedule.description}
        <span className="note mono">{schedule.cron ?? schedule.key ?? ""}</span>
        {schedule.refusal && <span className="note bad-text">{schedule.refusal}</span>}
      </td>
      <td>{schedule.job_id ? <Link href={`/jobs/${encodeURIComponent(schedule.job_id)}`}>{schedule.job_id}</Link> : schedule.dynamic_schedule}</td>
      <td>{schedule.paused_at ? <span className="faint">paused</span> : <At at={schedule.next_at} />}</td>
      <td className="wide faint">
        {schedule.upcoming.slice(1, 4).map((at) => (
          <span className="after" key={at}>
            {inZone(at, schedule.timezone)}
          </span>
        ))}
      </td>
      <td className="wide faint">{MISSED[schedule.catch_up]}</td>
      <td>
        <At at={schedule.last_at} otherwise="never" />
      </td>
      <td className="does">
        <Button onClick={() => void runNow()}>Run now</Button>
        <Button kind="quiet" onClick={() => void turn()}>
          {schedule.paused_at ? "Resume" : "Pause"}
        </Button>
      </td>
    </tr>
  );
}

function inZone(at: string, zone: string): string {
  return new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false, timeZone: zone, timeZoneName: "short" }).format(new Date(at));
}
