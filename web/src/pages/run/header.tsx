// The head of a run's page: what it is, how it stands, and what can be done about it.
import { lazy, Suspense, useState } from "react";
import { Link } from "wouter";
import { send } from "../../api/client";
import { useKeys } from "../../keys/keys";
import { Button } from "../../ui/button";
import { confirm } from "../../ui/confirm";
import { Copy } from "../../ui/copy";
import { BackIcon, CancelIcon, CopyIcon, ReplayIcon } from "../../ui/icons";
import { Menu } from "../../ui/menu";
import { Status } from "../../ui/status";
import { attempt, toast } from "../../ui/toast";
import { curlOf, linkOf, pytestOf } from "./copies";
import type { Run } from "./live";

const ReplayDialog = lazy(() => import("./replay"));

interface Props {
  run: Run;
  onDone: () => void;
  onBack: () => void;
  onReplayed: (id: string) => void;
}

export function Header({ run, onDone, onBack, onReplayed }: Props) {
  const [isEdited, edit] = useState(false);
  const isOver = run.finished_at !== null;
  const isAsked = run.cancel_requested_at !== null && !isOver;
  const replay = async () => {
    const made = await attempt(send("post", "/api/v1/runs/{id}/replay", { id: run.id }, {}), "A fresh run has started");
    if (made) onReplayed(made.id);
  };
  const cancel = async () => {
    if (isOver || isAsked) return;
    const isSure = await confirm({
      title: "Cancel this run?",
      body: "What it started ends with it. What is done stays done; the run can be replayed.",
      does: "Yes, cancel it",
      isDanger: true,
    });
    if (!isSure) return;
    await attempt(send("post", "/api/v1/runs/{id}/cancel", { id: run.id }, {}), "The run is asked to stop");
    onDone();
  };
  const copy = (text: string, what: string) => void navigator.clipboard.writeText(text).then(() => toast(`Copied ${what}`));
  const copies = [
    { does: "Copy id", hint: "c", act: () => copy(run.id, "the id") },
    { does: "Copy link", act: () => copy(linkOf(run), "the link") },
    { does: "Copy as cURL", act: () => copy(curlOf(run), "a cURL call that starts the same") },
    { does: "Copy as pytest", act: () => copy(pytestOf(run), "a test that starts the same") },
    { does: "Copy as JSON", hint: "y", act: () => copy(JSON.stringify(run, null, 2), "the run as JSON") },
  ].map((choice) => ({ ...choice, icon: <CopyIcon size={14} /> }));
  useKeys([
    { press: "Escape", does: "Back to the runs", act: onBack },
    { press: "r", does: "Replay", act: () => void replay() },
    { press: "R", does: "Replay with another payload", act: () => edit(true) },
    { press: "C", does: "Cancel the run", act: () => void cancel(), isOn: () => !isOver && !isAsked },
    { press: "c", does: "Copy the run's id", act: () => copy(run.id, "the id") },
    { press: "y", does: "Copy the run as JSON", act: () => copy(JSON.stringify(run, null, 2), "the run as JSON") },
  ]);
  return (
    <header className="top run-top">
      <Link href="/runs" className="back" aria-label="Back to the runs" title="Back · key Esc">
        <BackIcon size={16} />
      </Link>
      <div className="names">
        <h1>{run.job_id}</h1>
        <span className="mono faint">
          {run.id} <Copy text={run.id} label="the id" />
        </span>
      </div>
      <Status status={run.status} />
      {isAsked && <span className="faint">asked to stop</span>}
      {run.is_test && <span className="times">test run</span>}
      <div className="actions">
        {!isOver && (
          <Button kind="danger" hint="C" icon={<CancelIcon size={14} />} disabled={isAsked} onClick={() => void cancel()}>
            Cancel
          </Button>
        )}
        <Button kind="main" hint="r" icon={<ReplayIcon size={14} />} onClick={() => void replay()}>
          Replay
        </Button>
        <Menu
          label="More of the run"
          choices={[{ does: "Replay with another payload", hint: "R", icon: <ReplayIcon size={14} />, act: () => edit(true) }, ...copies]}
        />
      </div>
      {isEdited && (
        <Suspense>
          <ReplayDialog run={run} onClose={() => edit(false)} onReplayed={onReplayed} />
        </Suspense>
      )}
    </header>
  );
}
