// Keys as they stand on keyboards.
const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);
const NAMES: Record<string, string> = {
  Escape: "Esc",
  Enter: "↵",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  "-": "−",
};

/** `g o` → ["g", "o"], `C` → ["⇧C"], `mod+k` → ["⌘K"] or ["Ctrl K"]. */
export function namesOf(press: string): string[] {
  return press.split(" ").map((part) => {
    if (part.startsWith("mod+")) return `${isApple ? "⌘" : "Ctrl "}${part.slice(4).toUpperCase()}`;
    if (/^[A-Z]$/.test(part)) return `⇧${part}`;
    return NAMES[part] ?? part;
  });
}
