// Painting a mask over a picture: what is painted is drawn anew, everything else stays as it is.
import { Button, Dialog, html, useEffect, useReducer, useRef, useState } from "../shell/ui.js";
import { loadStyle } from "../shell/view_style.js";
import { MaskCanvas } from "./mask_canvas.js";
import { RectangleForm } from "./mask_rectangle.js";
import { decodeMask, encodeMask } from "./mask_strokes.js";

await loadStyle("pictures");

const NOTHING = { done: [], undone: [] };

/**
 * `image` is `{url, width, height}`, and `mask` a mask that was made before, or left out. `onDone(blob)` gets a PNG of the picture's
 * size, white where it is drawn anew.
 */
export function MaskPainter({ image, mask, onDone, onCancel }) {
  const canvas = useRef();
  const [{ done, undone }, dispatch] = useReducer(change, NOTHING);
  const [erases, setErases] = useState(false);
  const [size, setSize] = useState(Math.max(8, Math.round(Math.min(image.width, image.height) / 8)));
  const [share, setShare] = useState(0);
  useEffect(() => {
    if (mask) decodeMask(mask).then((operation) => dispatch({ type: "begin", operation }));
  }, [mask]);

  const add = (operation) => dispatch({ type: "add", operation });
  const undo = () => dispatch({ type: "undo" });
  const redo = () => dispatch({ type: "redo" });
  const resize = (factor) => setSize((now) => clampSize(Math.round(now * factor), image));
  const onKeyDown = (event) => {
    if (event.target.matches("input:not([type=range])")) return;
    const isCommand = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    const tools = {
      b: () => setErases(false),
      e: () => setErases(true),
      i: () => add({ type: "invert" }),
      "[": () => resize(0.8),
      "]": () => resize(1.25),
    };
    const acts = isCommand ? { z: event.shiftKey ? redo : undo, y: redo } : tools;
    if (!acts[key]) return;
    event.preventDefault();
    acts[key]();
  };
  return html`<${Dialog} title="Paint what is drawn anew" wide onClose=${onCancel}>
    <div class="mask" onKeyDown=${onKeyDown}>
      <${Tools} ...${{ erases, setErases, size, setSize, image, add, undo, redo, canUndo: done.length > 0, canRedo: undone.length > 0 }} />
      <${MaskCanvas} ...${{ image, operations: done, add, erases, size, canvas, onDrawn: setShare }} />
      <${RectangleForm} image=${image} add=${add} />
      <div class="dialog-foot">
        <p class="muted" role="status">${describe(share)}</p>
        <${Button} kind="quiet" onClick=${onCancel}>Cancel<//>
        <${Button} kind="primary" disabled=${share === 0} onClick=${async () => onDone(await encodeMask(canvas.current))}>Use this mask<//>
      </div>
    </div>
  <//>`;
}

function Tools({ erases, setErases, size, setSize, image, add, undo, redo, canUndo, canRedo }) {
  return html`<div class="mask-tools" role="toolbar" aria-label="Tools">
    <div class="segments" role="group" aria-label="What the pointer does">
      <button type="button" aria-pressed=${!erases} title="B" onClick=${() => setErases(false)}>Brush</button>
      <button type="button" aria-pressed=${erases} title="E" onClick=${() => setErases(true)}>Eraser</button>
    </div>
    <label class="mask-size"><span>Size</span>
      <input type="range" min="1" max=${largest(image)} value=${size} aria-valuetext=${`${size} pixels`}
        onInput=${(event) => setSize(Number(event.target.value))} />
      <output>${size} px</output>
    </label>
    <div class="mask-acts">
      <${Button} kind="quiet" icon="undo" label="Undo" disabled=${!canUndo} onClick=${undo} />
      <${Button} kind="quiet" icon="redo" label="Redo" disabled=${!canRedo} onClick=${redo} />
      <${Button} kind="quiet" icon="invert" onClick=${() => add({ type: "invert" })}>Invert<//>
      <${Button} kind="quiet" icon="trash" onClick=${() => add({ type: "clear" })}>Clear<//>
    </div>
  </div>`;
}

function change({ done, undone }, action) {
  if (action.type === "begin") return { done: [action.operation], undone: [] };
  if (action.type === "add") return { done: [...done, action.operation], undone: [] };
  if (action.type === "undo" && done.length) return { done: done.slice(0, -1), undone: [done.at(-1), ...undone] };
  if (action.type === "redo" && undone.length) return { done: [...done, undone[0]], undone: undone.slice(1) };
  return { done, undone };
}

const largest = ({ width, height }) => Math.max(width, height);
const clampSize = (size, image) => Math.min(largest(image), Math.max(1, size));

function describe(share) {
  if (share === 0) return "Nothing is painted yet.";
  if (share === 1) return "The whole picture is drawn anew.";
  return `${share < 0.01 ? "Less than 1" : Math.round(share * 100)} % of the picture is drawn anew.`;
}
