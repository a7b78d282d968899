import { useRead } from "../api/query";
import { At } from "../ui/clock";
import { Command } from "../ui/copy";
import { count } from "../ui/format";
import { Listed, Page } from "../ui/page";
import { Empty } from "../ui/said";
import { Status } from "../ui/status";

export default function WorkersPage() {
  const read = useRead("/api/v1/workers", { limit: 200 }, { every: 5_000 });
  return (
    <Page title="Workers">
      <Listed
        read={read}
        empty={
          <Empty title="Here are the processes that run your jobs. None has come yet.">
            <Command text="mainspring worker app.py" />
          </Empty>
        }
      >
        {(rows) => (
          <div className="sheet">
            <table className="list">
              <thead>
                <tr>
                  <th>Worker</th>
                  <th>Status</th>
                  <th className="number">Running</th>
                  <th>Jobs</th>
                  <th className="wide">Code</th>
                  <th className="wide">Host</th>
                  <th className="number">Heard</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((worker) => (
                  <tr key={worker.id}>
                    <td className="main">
                      {worker.name}
                      <span className="note mono">{worker.app}</span>
                      {worker.blocked_stack && (
                        <details className="note bad-text">
                          <summary>its loop is blocked</summary>
                          <pre className="traceback">{worker.blocked_stack}</pre>
                        </details>
                      )}
                    </td>
                    <td>
                      <Status status={worker.status} />
                    </td>
                    <td className="number">
                      {worker.running} of {worker.slots}
                    </td>
                    <td title={worker.jobs.join(", ")}>{count(worker.jobs.length, "job")}</td>
                    <td className="wide mono faint">{worker.code_version}</td>
                    <td className="wide faint">
                      {worker.hostname}, process {worker.pid}
                    </td>
                    <td className="number">
                      <At at={worker.heartbeat_at} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Listed>
    </Page>
  );
}
