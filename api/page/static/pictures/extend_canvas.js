// Continuing a picture beyond its edges: drag an edge, or type how much is added there.
import { Button, Dialog, html, useRef, useState } from "../shell/ui.js";
import { loadStyle } from "../shell/view_style.js";
import { EDGES, NO_EXPANSION, findFault, isAcross, sizeOf, toRatio, withEdge } from "./expansion.js";

await loadStyle("pictures");

const RATIOS = [["Square", 1], ["4:3", 4 / 3], ["16:9", 16 / 9], ["9:16", 9 / 16]];
const KEYS = { left: "ArrowLeft ArrowRight", right: "ArrowRight ArrowLeft", top: "ArrowUp ArrowDown", bottom: "ArrowDown ArrowUp" };

/**
 * `image` is `{url, width, height}`; `step`, `maxWidth` and `maxHeight` are the model's, in pixels; `expand` is what to begin with.
 * `onDone({left, top, right, bottom})`.
 */
export function ExtendCanvas({ image, step = 8, maxWidth = Infinity, maxHeight = Infinity, expand: begun, onDone, onCancel }) {
  const limits = { step, maxWidth, maxHeight };
  const [expand, setExpand] = useState({ ...NO_EXPANSION, ...begun });
  const fault = findFault(image, expand, limits);
  const { width, height } = sizeOf(image, expand);
  const set = (edge, wanted) => setExpand((now) => withEdge(image, now, edge, wanted, limits));
  return html`<${Dialog} title="Continue the picture beyond its edges" wide onClose=${onCancel}>
    <div class="extend">
      <${Stage} ...${{ image, expand, set, limits }} />
      <div class="extend-presets" role="group" aria-label="Proportions">
        ${RATIOS.map(([name, ratio]) => html`<${Button} key=${name} onClick=${() => setExpand(toRatio(image, ratio, limits))}>${name}<//>`)}
        <${Button} kind="quiet" icon="undo" onClick=${() => setExpand(NO_EXPANSION)}>Reset<//>
      </div>
      <div class="number-row">
        ${EDGES.map((edge) => html`<label class="field" key=${edge}><span class="label">${edge[0].toUpperCase() + edge.slice(1)}</span>
          <input type="number" min="0" step=${step} value=${expand[edge]} name=${edge}
            onChange=${(event) => set(edge, Math.max(0, event.target.valueAsNumber || 0))} />
        </label>`)}
      </div>
      <div class="dialog-foot">
        <p class=${fault ? "field-error" : "muted"} role="status">${fault ?? `${image.width} × ${image.height} becomes ${width} × ${height}.`}</p>
        <${Button} kind="quiet" onClick=${onCancel}>Cancel<//>
        <${Button} kind="primary" disabled=${fault !== null} onClick=${() => onDone(expand)}>Continue the picture<//>
      </div>
    </div>
  <//>`;
}

/** The picture in its new frame, whose edges are dragged. */
function Stage({ image, expand, set, limits }) {
  const stage = useRef();
  const drag = useRef(null);
  const { width, height } = sizeOf(image, expand);
  // While an edge is dragged the scale stays, or the edge would run away from the pointer.
  const scale = () => stage.current.getBoundingClientRect().width / width;
  const begin = (edge) => (event) => {
    event.target.setPointerCapture(event.pointerId);
    drag.current = { edge, x: event.clientX, y: event.clientY, from: expand[edge], scale: scale() };
  };
  const move = (event) => {
    if (!drag.current) return;
    const { edge, x, y, from, scale: fixed } = drag.current;
    const outwards = { left: x - event.clientX, right: event.clientX - x, top: y - event.clientY, bottom: event.clientY - y };
    set(edge, from + outwards[edge] / fixed);
  };
  const end = () => (drag.current = null);
  const onKeyDown = (edge) => (event) => {
    const place = KEYS[edge].split(" ").indexOf(event.key);
    if (place < 0) return;
    event.preventDefault();
    set(edge, expand[edge] + (place === 0 ? limits.step : -limits.step));
  };
  const percent = (part, whole) => `${(part / whole) * 100}%`;
  return html`<div class="extend-room">
    <div class="extend-stage" ref=${stage} style=${{ aspectRatio: `${width} / ${height}`, "--ratio": width / height }}>
      <img src=${image.url} alt="The picture in its new frame" draggable=${false} style=${{
        left: percent(expand.left, width), top: percent(expand.top, height), width: percent(image.width, width),
      }} />
      ${EDGES.map((edge) => html`<span key=${edge} class=${`extend-edge ${edge}`} role="slider" tabindex="0" aria-valuemin="0"
        aria-valuemax=${largestAt(edge, image, limits)} aria-valuenow=${expand[edge]} aria-valuetext=${`${expand[edge]} pixels`}
        aria-orientation=${isAcross(edge) ? "horizontal" : "vertical"} aria-label=${`Added at the ${edge}`}
        onPointerDown=${begin(edge)} onPointerMove=${move} onPointerUp=${end} onPointerCancel=${end} onKeyDown=${onKeyDown(edge)}></span>`)}
    </div>
  </div>`;
}

function largestAt(edge, image, { maxWidth, maxHeight }) {
  const most = isAcross(edge) ? maxWidth - image.width : maxHeight - image.height;
  return Number.isFinite(most) ? Math.max(0, most) : 10_000;
}
