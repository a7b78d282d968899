// Zoom with the wheel (with ⌘ or Ctrl), move along with a sideways wheel or by dragging; and how wide the lanes are.
import { type RefObject, useEffect, useRef, useState } from "react";
import { moved, type View, zoomed } from "./view";

export function useGestures(ref: RefObject<HTMLDivElement | null>, view: View, onView: (view: View) => void, onScrolledUp: () => void): number {
  const [width, setWidth] = useState(0);
  const now = useRef({ view, onView, onScrolledUp });
  now.current = { view, onView, onScrolledUp };
  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    const laneOf = () => box.querySelector(".lane")?.getBoundingClientRect();
    const measure = () => setWidth(laneOf()?.width ?? 0);
    const sized = new ResizeObserver(measure);
    sized.observe(box);
    const wheel = (event: WheelEvent) => {
      const { view, onView, onScrolledUp } = now.current;
      if (event.deltaY < 0) onScrolledUp();
      const lane = laneOf();
      if (!lane) return;
      const part = view.to - view.from;
      if (event.ctrlKey || event.metaKey) {
        // Or the browser would make all of the page larger.
        event.preventDefault();
        const share = Math.min(1, Math.max(0, (event.clientX - lane.left) / lane.width));
        onView(zoomed(view, event.deltaY > 0 ? 1.25 : 0.8, view.from + share * part));
      } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
        event.preventDefault();
        onView(moved(view, ((event.deltaX || event.deltaY) / lane.width) * part));
      }
    };
    let held: { x: number; view: View } | null = null;
    const down = (event: PointerEvent) => {
      if ((event.target as HTMLElement).closest(".lane")) held = { x: event.clientX, view: now.current.view };
    };
    const drag = (event: PointerEvent) => {
      const lane = held && laneOf();
      if (!held || !lane) return;
      now.current.onView(moved(held.view, ((held.x - event.clientX) / lane.width) * (held.view.to - held.view.from)));
    };
    const up = () => {
      held = null;
    };
    box.addEventListener("wheel", wheel, { passive: false });
    box.addEventListener("pointerdown", down);
    window.addEventListener("pointermove", drag);
    window.addEventListener("pointerup", up);
    return () => {
      sized.disconnect();
      box.removeEventListener("wheel", wheel);
      box.removeEventListener("pointerdown", down);
      window.removeEventListener("pointermove", drag);
      window.removeEventListener("pointerup", up);
    };
  }, [ref]);
  return width;
}
