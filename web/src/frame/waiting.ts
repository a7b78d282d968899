// How many people's answers are waited for: a number in the navigation.
import { useRead } from "../api/query";

/** More are "9+": who has ten to answer need not know of the eleventh. */
const COUNTED = 9;

/** "" where nobody is asked anything. The stream of the environment asks anew when somebody is. */
export function useWaiting(): string {
  const read = useRead("/api/v1/approvals", { status: "WAITING", limit: COUNTED + 1 });
  const count = read.data?.data.length ?? 0;
  if (!count) return "";
  return count > COUNTED ? `${COUNTED}+` : String(count);
}
