// What was chosen last stands first the next time.
const PLACE = "mainspring.palette";
const KEPT = 6;

export function recent(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "[]");
    return Array.isArray(kept) ? kept.filter((each) => typeof each === "string") : [];
  } catch {
    return [];
  }
}

export function remember(id: string): void {
  localStorage.setItem(PLACE, JSON.stringify([id, ...recent().filter((each) => each !== id)].slice(0, KEPT)));
}
