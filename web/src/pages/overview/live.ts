// What the overview reads, read again as runs go on: every two seconds at most, and now and then in any case.
import { useEffect } from "react";
import { type GetAnswer, type GetPath, type Params } from "../../api/client";
import { type Read, useRead } from "../../api/query";
import { onRuns } from "../../live/environment";

const GATHER_MS = 2_000;
const EVERY_MS = 15_000;

export function useLive<Path extends GetPath>(path: Path, params: Params): Read<GetAnswer<Path>> {
  const read = useRead(path, params, { every: EVERY_MS });
  const { reload } = read;
  useEffect(() => {
    let timer = 0;
    const stop = onRuns(() => {
      timer ||= window.setTimeout(() => {
        timer = 0;
        reload();
      }, GATHER_MS);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [reload]);
  return read;
}
