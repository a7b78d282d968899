// Whether what is shown is what is.
import { useSyncExternalStore } from "react";
import { connectionNow, lastHeard, watchConnection } from "../live/stream";
import { local } from "../ui/format";

const WORDS = { connecting: "connecting", live: "live", lost: "reconnecting", paused: "paused" };

export function Dot() {
  const connection = useSyncExternalStore(watchConnection, connectionNow);
  return (
    <span className={`dot ${connection}`} role="status">
      {WORDS[connection]}
    </span>
  );
}

export function Lost() {
  const connection = useSyncExternalStore(watchConnection, connectionNow);
  if (connection !== "lost") return null;
  return (
    <p className="banner" role="status">
      Reconnecting, data from {local(lastHeard())}. The server does not answer; what you see goes on by itself when it does.
    </p>
  );
}
