// The picture with the mask over it, and the brush: by pointer, or by the arrow keys and the space bar.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../shell/ui.js";
import { drawOperation, drawOperations, measureShare } from "./mask_strokes.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** `add` takes a finished stroke; `onDrawn` the painted share after each change; `canvas` is a ref that the mask is left in. */
export function MaskCanvas({ image, operations, add, erases, size, canvas, onDrawn }) {
  const stroke = useRef(null);
  const [brush, setBrush] = useState(null);
  useLayoutEffect(() => {
    drawOperations(canvas.current.getContext("2d", { willReadFrequently: true }), operations);
    onDrawn(measureShare(canvas.current));
  }, [operations]);
  useEffect(() => setBrush((now) => now && { ...now, size }), [size]);

  const locate = (event) => {
    const box = canvas.current.getBoundingClientRect();
    const scale = image.width / box.width;
    return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
  };
  const begin = (event) => {
    if (event.button !== 0 || stroke.current) return;
    canvas.current.setPointerCapture(event.pointerId);
    stroke.current = { type: "stroke", points: [locate(event)], size, erases };
    draw();
  };
  const move = (event) => {
    const events = event.getCoalescedEvents?.() ?? [event];
    setBrush({ ...locate(event), size });
    if (!stroke.current) return;
    stroke.current.points.push(...(events.length ? events : [event]).map(locate));
    draw();
  };
  const draw = () => {
    const context = canvas.current.getContext("2d");
    drawOperations(context, operations);
    drawOperation(context, stroke.current);
  };
  const end = () => {
    if (!stroke.current) return;
    add(stroke.current);
    stroke.current = null;
  };
  const leave = () => setBrush(null);
  const onKeyDown = (event) => {
    const at = brush ?? { x: image.width / 2, y: image.height / 2, size };
    const step = STEPS[event.key];
    if (step) {
      const by = event.shiftKey ? 1 : Math.max(1, size / 2);
      setBrush({ x: within(at.x + step[0] * by, image.width), y: within(at.y + step[1] * by, image.height), size });
    } else if (event.key === " " || event.key === "Enter") {
      add({ type: "stroke", points: [{ x: at.x, y: at.y }], size, erases });
      setBrush(at);
    } else return;
    event.preventDefault();
  };
  return html`<div class="mask-frame" style=${{ aspectRatio: `${image.width} / ${image.height}`, "--ratio": image.width / image.height }}>
    <img src=${image.url} alt="" draggable=${false} />
    <canvas ref=${canvas} width=${image.width} height=${image.height} tabindex="0" role="application"
      aria-label="Mask over the picture. Arrow keys move the brush, with Shift by one pixel; the space bar paints."
      onPointerDown=${begin} onPointerMove=${move} onPointerUp=${end} onPointerCancel=${end} onPointerLeave=${leave}
      onFocus=${(event) => event.target.matches(":focus-visible") && setBrush((now) => now ?? { x: image.width / 2, y: image.height / 2, size })}
      onBlur=${leave} onKeyDown=${onKeyDown}></canvas>
    ${brush && html`<span class="mask-brush" data-erases=${erases} aria-hidden="true" style=${placeBrush(brush, image)}></span>`}
  </div>`;
}

const within = (value, most) => Math.min(most, Math.max(0, value));

const placeBrush = ({ x, y, size }, { width, height }) => ({
  left: `${(x / width) * 100}%`,
  top: `${(y / height) * 100}%`,
  width: `${(size / width) * 100}%`,
});
