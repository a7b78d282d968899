import type { ComponentProps, ReactNode } from "react";
import { namesOf } from "../keys/names";

interface Props extends ComponentProps<"button"> {
  kind?: "plain" | "main" | "danger" | "quiet";
  /** The key that does the same; shown on hover. */
  hint?: string;
  icon?: ReactNode;
}

export function Button({ kind = "plain", hint, icon, children, title, ...rest }: Props) {
  const said = [title, hint && `key ${namesOf(hint).join(" ")}`].filter(Boolean).join(" · ");
  return (
    <button type="button" className={`button ${kind}`} title={said || undefined} aria-keyshortcuts={hint} {...rest}>
      {icon}
      {children && <span>{children}</span>}
    </button>
  );
}
