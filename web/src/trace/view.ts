// The part of the time that is looked at: places from 0 to 1.
export interface View {
  from: number;
  to: number;
}

export const WHOLE: View = { from: 0, to: 1 };
const NARROWEST = 0.0005;

/** Narrower (`factor` < 1) or wider, around `middle`, which stays where it is. */
export function zoomed(view: View, factor: number, middle = (view.from + view.to) / 2): View {
  const width = Math.min(1, Math.max(NARROWEST, (view.to - view.from) * factor));
  const share = (middle - view.from) / (view.to - view.from);
  return moved({ from: middle - share * width, to: middle + (1 - share) * width }, 0);
}

export function moved({ from, to }: View, by: number): View {
  const width = to - from;
  const start = Math.min(Math.max(0, from + by), 1 - width);
  return { from: start, to: start + width };
}

/** A place within the view, from 0 to 1; outside of it below 0 or above 1. */
export const within = (view: View, place: number): number => (place - view.from) / (view.to - view.from);

export const isWhole = (view: View): boolean => view.to - view.from > 0.999;
