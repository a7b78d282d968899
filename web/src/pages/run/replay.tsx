// A replay with another payload: the one of the run to begin with, as a form or as JSON, checked by the server.
import { useState } from "react";
import { Problem, send } from "../../api/client";
import { useRead } from "../../api/query";
import { parsedOf, SchemaForm } from "../../schema-form/form";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { ReplayIcon } from "../../ui/icons";
import { Skeleton, Wrong } from "../../ui/said";
import type { Run } from "./live";

interface Props {
  run: Run;
  onClose: () => void;
  onReplayed: (id: string) => void;
}

export default function ReplayDialog({ run, onClose, onReplayed }: Props) {
  const job = useRead("/api/v1/jobs/{id}", { id: run.job_id });
  const [payload, setPayload] = useState(() => parsedOf(run.payload));
  const [problem, say] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const replay = async () => {
    if (payload.problem || isBusy) return;
    setBusy(true);
    try {
      const made = await send("post", "/api/v1/runs/{id}/replay", { id: run.id }, { payload: payload.value });
      onClose();
      onReplayed(made.id);
    } catch (error) {
      say(error instanceof Problem ? error : new Problem(0, "unknown", String(error)));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Replay ${run.job_id} with another payload`} onClose={onClose}>
      {!job.data && !job.problem ? (
        <Skeleton rows={4} />
      ) : (
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            void replay();
          }}
        >
          <SchemaForm
            label="Payload"
            schema={job.data?.payload_schema ?? null}
            parsed={payload}
            errors={problem?.errors ?? []}
            onChange={setPayload}
            onSubmit={() => void replay()}
          />
          {problem && <Wrong problem={problem} />}
          <div className="row-of ends">
            <Button onClick={onClose}>Leave it</Button>
            <Button kind="main" type="submit" icon={<ReplayIcon size={14} />} disabled={payload.problem !== null || isBusy}>
              Replay with this
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
