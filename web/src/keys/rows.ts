// j and k move through the rows of a page's list: the focus itself moves, so Enter opens, and what reads the page aloud
// comes along.
import type { Key } from "./keys";

const ROWS = "table.list tbody tr";
/** What of a row is opened: its name, else its first link. */
const DOORS = [".main a, .main .link", "a, .link"];

function rowsOf(page: HTMLElement | null): HTMLElement[] {
  return page ? [...page.querySelectorAll<HTMLElement>(ROWS)].filter((row) => row.offsetParent !== null) : [];
}

const doorOf = (row: HTMLElement) => DOORS.map((each) => row.querySelector<HTMLElement>(each)).find(Boolean);

function focusRow(row: HTMLElement | undefined): void {
  if (!row) return;
  const door = doorOf(row);
  if (!door) row.tabIndex = -1;
  (door ?? row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

/** The keys of a page that has lists. */
export function rowKeys(page: () => HTMLElement | null): Key[] {
  const rowAt = (by: number) => {
    const rows = rowsOf(page());
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    return rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
  };
  const move = (by: number) => focusRow(rowAt(by));
  const open = () => {
    const row = rowAt(0);
    if (row) doorOf(row)?.click();
  };
  const isOn = () => rowsOf(page()).length > 0;
  return [
    { press: "j", does: "Next row", act: () => move(1), isOn },
    { press: "k", does: "Row before", act: () => move(-1), isOn },
    { press: "Enter", does: "Open the row", act: open, isOn },
  ];
}

const FIELD = ".top [role=search] input, .top input[type=search]";

/** The key of a page that has a filter. */
export function filterKey(page: () => HTMLElement | null): Key {
  const field = () => page()?.querySelector<HTMLInputElement>(FIELD) ?? null;
  return { press: "/", does: "Filter", act: () => field()?.focus(), isOn: () => field() !== null };
}
