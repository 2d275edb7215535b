// Zoom and pan of one picture: where it stands in its frame, and the gestures that move it.
import { useCallback, useEffect, useRef, useState } from "../shell/ui.js";

const LARGEST = 32;
const SWIPE_PIXELS = 60;
const START = { scale: 1, x: 0, y: 0 };

/** The place in which the point under (`px`, `py`), counted from the frame's middle, stays where it is. `scale` 1 fits the frame. */
export function zoomTo(place, scale, px = 0, py = 0) {
  const next = Math.min(LARGEST, Math.max(1, scale));
  if (next === 1) return START;
  const factor = next / place.scale;
  return { scale: next, x: px - (px - place.x) * factor, y: py - (py - place.y) * factor };
}

/** Keeps the picture from leaving the frame. `fitted` and `frame` are `{width, height}` in CSS pixels. */
export function keepInside({ scale, x, y }, fitted, frame) {
  const reach = (size, room) => Math.max(0, (size * scale - room) / 2);
  const clamp = (value, most) => Math.min(most, Math.max(-most, value));
  return { scale, x: clamp(x, reach(fitted.width, frame.width)), y: clamp(y, reach(fitted.height, frame.height)) };
}

/**
 * Returns `{place, move, reset, gestures, frameRef}`. `move(change)` takes a function of the place; `gestures` are the
 * attributes of the frame; `onSwipe(-1 | 1)` is called for a drag sideways while the whole picture is shown.
 */
export function useZoom({ width, height, onSwipe }) {
  const frameRef = useRef();
  const pointers = useRef(new Map());
  const dragged = useRef(0);
  const [place, setPlace] = useState(START);

  const move = useCallback(
    (change) =>
      setPlace((now) => {
        const { clientWidth, clientHeight } = frameRef.current;
        const fit = Math.min(clientWidth / width, clientHeight / height);
        const fitted = { width: width * fit, height: height * fit };
        return keepInside(change(now), fitted, { width: clientWidth, height: clientHeight });
      }),
    [width, height],
  );
  const fromMiddle = (event) => {
    const box = frameRef.current.getBoundingClientRect();
    return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  };

  useEffect(() => {
    // Preact's own listeners are passive where browsers make them so, and the page would scroll.
    const frame = frameRef.current;
    const onWheel = (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      move((now) => zoomTo(now, now.scale * Math.exp(-event.deltaY * lines * 0.002), ...fromMiddle(event)));
    };
    frame.addEventListener("wheel", onWheel, { passive: false });
    return () => frame.removeEventListener("wheel", onWheel);
  }, [move]);

  const onPointerDown = (event) => {
    if (event.button !== 0) return;
    frameRef.current.setPointerCapture(event.pointerId);
    pointers.current.set(event.pointerId, fromMiddle(event));
    dragged.current = 0;
  };
  const onPointerMove = (event) => {
    const before = pointers.current.get(event.pointerId);
    if (!before) return;
    const after = fromMiddle(event);
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
    pointers.current.set(event.pointerId, after);
    if (other) move((now) => pinch(now, before, after, other));
    else {
      dragged.current += after[0] - before[0];
      move((now) => ({ ...now, x: now.x + after[0] - before[0], y: now.y + after[1] - before[1] }));
    }
  };
  const onPointerUp = (event) => {
    if (!pointers.current.delete(event.pointerId) || pointers.current.size) return;
    if (event.type === "pointerup" && place.scale === 1 && Math.abs(dragged.current) > SWIPE_PIXELS) {
      onSwipe(dragged.current > 0 ? -1 : 1);
    }
  };
  const onDblClick = (event) =>
    move((now) => zoomTo(now, now.scale > 1 ? 1 : actualSize(frameRef.current, width, height), ...fromMiddle(event)));
  const gestures = { onPointerDown, onPointerMove, onPointerUp, onPointerCancel: onPointerUp, onDblClick };
  return { place, move, reset: useCallback(() => setPlace(START), []), gestures, frameRef };
}

/** The scale at which a pixel of the picture is one of the screen, or twice the fit where that is no larger. */
export function actualSize(frame, width, height) {
  const actual = 1 / Math.min(frame.clientWidth / width, frame.clientHeight / height);
  return actual > 1.05 ? actual : 2;
}

function pinch(place, before, after, other) {
  const distance = (one) => Math.hypot(one[0] - other[0], one[1] - other[1]) || 1;
  const middle = [(after[0] + other[0]) / 2, (after[1] + other[1]) / 2];
  return zoomTo(place, (place.scale * distance(after)) / distance(before), ...middle);
}
