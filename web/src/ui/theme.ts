// Light, dark, or as the system is.
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
const THEMES: Theme[] = ["system", "light", "dark"];
const PLACE = "mainspring.theme";
const watchers = new Set<() => void>();
let theme = (localStorage.getItem(PLACE) as Theme | null) ?? "system";

export function showTheme(): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export const nextTheme = (): void => setTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system");

export function setTheme(now: Theme): void {
  theme = now;
  localStorage.setItem(PLACE, theme);
  showTheme();
  for (const watcher of watchers) watcher();
}

export const useTheme = (): Theme =>
  useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => theme,
  );
