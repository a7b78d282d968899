// What is switched for all pages: how times are written, the theme; and the ways to the palette and the keys.
import type { ReactNode } from "react";
import { nextTimeStyle, useTimeStyle } from "../ui/clock";
import { DarkIcon, KeysIcon, LightIcon, SystemIcon, TimesIcon } from "../ui/icons";
import { nextTheme, useTheme } from "../ui/theme";

export const TIMES = { relative: "relative, 3m ago", local: "local", utc: "UTC" };
const THEMES = { system: SystemIcon, light: LightIcon, dark: DarkIcon };

export function Switches({ onKeys }: { onKeys: () => void }) {
  const theme = useTheme();
  const times = useTimeStyle();
  const Icon = THEMES[theme];
  return (
    <div className="switches">
      <Switch name={`Times: ${TIMES[times]}`} onTurn={nextTimeStyle}>
        <TimesIcon size={15} />
        <span>{times === "relative" ? "ago" : times}</span>
      </Switch>
      <Switch name={`Theme: ${theme}`} press="." onTurn={nextTheme}>
        <Icon size={15} />
      </Switch>
      <Switch name="Keys" press="?" onTurn={onKeys}>
        <KeysIcon size={15} />
      </Switch>
    </div>
  );
}

function Switch({ name, press, onTurn, children }: { name: string; press?: string; onTurn: () => void; children: ReactNode }) {
  return (
    <button type="button" onClick={onTurn} title={press ? `${name} · key ${press}` : name} aria-label={name} aria-keyshortcuts={press}>
      {children}
    </button>
  );
}
