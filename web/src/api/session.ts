// Who asks. `mainspring dev` lets this machine's browser in by a cookie; elsewhere a person pastes an API key, which
// is kept as long as the tab is open.
const PLACE = "mainspring.key";

export function bearer(): Record<string, string> {
  const key = sessionStorage.getItem(PLACE);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

export function keepKey(key: string): void {
  sessionStorage.setItem(PLACE, key);
}

export function forgetKey(): void {
  sessionStorage.removeItem(PLACE);
}
