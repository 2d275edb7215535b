// Which part of an element is on the screen, and how wide it is; drawn again when a grid has to show other rows.
import { useEffect, useLayoutEffect, useState } from "../shell/ui.js";

/** How far beyond the screen rows are kept, and how coarsely scrolling is followed. */
const MARGIN = 600;
const GRAIN = 200;

export function useWindow(ref) {
  const [place, setPlace] = useState({ width: 0, top: 0, bottom: 0 });
  const measure = () => {
    const box = ref.current?.getBoundingClientRect();
    if (!box) return;
    const top = Math.floor((-box.top - MARGIN) / GRAIN) * GRAIN;
    const bottom = Math.ceil((innerHeight - box.top + MARGIN) / GRAIN) * GRAIN;
    setPlace((now) =>
      now.width === box.width && now.top === top && now.bottom === bottom ? now : { width: box.width, top, bottom },
    );
  };
  useLayoutEffect(measure);
  useEffect(() => {
    const resized = new ResizeObserver(measure);
    resized.observe(ref.current);
    const options = { capture: true, passive: true };
    addEventListener("scroll", measure, options);
    addEventListener("resize", measure);
    return () => {
      resized.disconnect();
      removeEventListener("scroll", measure, options);
      removeEventListener("resize", measure);
    };
  }, []);
  return place;
}
