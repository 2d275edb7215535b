// One picture at a time, as large as the window: zoom, pan, the next and the one before.
import { Button, html, toast, useEffect, useLayoutEffect, useRef, useState } from "../shell/ui.js";
import { loadStyle } from "../shell/view_style.js";
import { downloadPicture } from "./download.js";
import { actualSize, useZoom, zoomTo } from "./zoom.js";

await loadStyle("pictures");

const PAN = 80;

/**
 * `pictures` are `{id, url, width, height, label, name?, settings?}`. `onUse(picture)` is called by the button "Use", which is left out
 * without it. `actions(picture)` returns further buttons. `onGone(picture)` is called for a picture that does not load.
 */
export function Viewer({ pictures, start = 0, onClose, onUse, actions, onGone }) {
  const dialog = useRef();
  const [at, setAt] = useState({ index: start, id: pictures[start].id });
  // The list may grow at its front, and lose pictures, while one of them is shown.
  const found = pictures.findIndex(({ id }) => id === at.id);
  const shown = found < 0 ? Math.min(at.index, pictures.length - 1) : found;
  const picture = pictures[shown];
  const turnTo = (index) => {
    const next = Math.min(pictures.length - 1, Math.max(0, index));
    setAt({ index: next, id: pictures[next].id });
  };
  const go = (by) => turnTo(shown + by);
  const zoom = useZoom({ width: picture.width, height: picture.height, onSwipe: go });

  useLayoutEffect(() => {
    const before = document.activeElement;
    // The browser keeps the focus inside of a modal dialog, and the page behind it still.
    const element = dialog.current;
    element.showModal();
    return () => {
      // What is behind an open dialog takes no focus.
      element.close();
      before?.focus?.();
    };
  }, []);
  useEffect(zoom.reset, [picture.id]);

  const onKeyDown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const act = actOn(event, { go, zoom, picture, turnTo });
    if (!act) return;
    event.preventDefault();
    act();
  };
  return html`<dialog ref=${dialog} class="viewer" aria-label=${`Picture: ${picture.label}`} onKeyDown=${onKeyDown}
    onCancel=${(event) => (event.preventDefault(), onClose())}>
    <${Bar} ...${{ picture, shown, count: pictures.length, go, zoom, onClose, onUse, actions }} />
    <div class="viewer-frame" ref=${zoom.frameRef} ...${zoom.gestures} data-zoomed=${zoom.place.scale > 1}>
      <img key=${picture.url} src=${picture.url} alt=${picture.label} draggable=${false} onError=${() => onGone?.(picture)}
        width=${picture.width} height=${picture.height} data-pixels=${showsPixels(zoom, picture)} style=${styleOf(zoom.place)} />
    </div>
    <p class="viewer-label">${picture.label}</p>
    <p class="hidden-text" role="status">
      ${`Picture ${shown + 1} of ${pictures.length}: ${picture.label}. ${Math.round(zoom.place.scale * 100)} % of the window.`}
    </p>
  </dialog>`;
}

function Bar({ picture, shown, count, go, zoom, onClose, onUse, actions }) {
  const scaleBy = (factor) => zoom.move((now) => zoomTo(now, now.scale * factor));
  return html`<div class="viewer-bar">
    ${count > 1 && html`<div class="viewer-group">
      <${Button} kind="quiet" icon="back" label="Picture before" disabled=${shown === 0} onClick=${() => go(-1)} />
      <span class="viewer-count">${shown + 1} / ${count}</span>
      <${Button} kind="quiet" icon="forward" label="Next picture" disabled=${shown === count - 1} onClick=${() => go(1)} />
    </div>`}
    <div class="viewer-group">
      <${Button} kind="quiet" icon="minus" label="Smaller" disabled=${zoom.place.scale === 1} onClick=${() => scaleBy(1 / 1.5)} />
      <${Button} kind="quiet" icon="fit" label="Fit the window" onClick=${zoom.reset} />
      <${Button} kind="quiet" icon="add" label="Larger" onClick=${() => scaleBy(1.5)} />
    </div>
    <div class="viewer-group viewer-end">
      ${actions?.(picture)}
      <${Button} kind="quiet" icon="download" label="Download" onClick=${() => download(picture)} />
      ${onUse && html`<${Button} icon="reuse" onClick=${() => onUse(picture)}>Use<//>`}
      <${Button} kind="quiet" icon="close" label="Close" onClick=${onClose} autofocus />
    </div>
  </div>`;
}

/** What a key does, or nothing. Arrows turn pages while the whole picture is shown, and pan while it is larger. */
function actOn(event, { go, zoom, picture, turnTo }) {
  const zoomed = zoom.place.scale > 1;
  const pan = (x, y) => () => zoom.move((now) => ({ ...now, x: now.x + x, y: now.y + y }));
  const acts = {
    ArrowLeft: zoomed ? pan(PAN, 0) : () => go(-1),
    ArrowRight: zoomed ? pan(-PAN, 0) : () => go(1),
    ArrowUp: zoomed && pan(0, PAN),
    ArrowDown: zoomed && pan(0, -PAN),
    PageUp: () => go(-1),
    PageDown: () => go(1),
    Home: () => turnTo(0),
    End: () => turnTo(Infinity),
    "+": () => zoom.move((now) => zoomTo(now, now.scale * 1.25)),
    "=": () => zoom.move((now) => zoomTo(now, now.scale * 1.25)),
    "-": () => zoom.move((now) => zoomTo(now, now.scale / 1.25)),
    0: zoom.reset,
    1: () => zoom.move((now) => zoomTo(now, actualSize(zoom.frameRef.current, picture.width, picture.height))),
    d: () => download(picture),
  };
  return acts[event.key];
}

async function download(picture) {
  try {
    await downloadPicture(picture);
  } catch (error) {
    toast(`The picture did not download. ${error.message}`, { kind: "wrong" });
  }
}

const styleOf = ({ scale, x, y }) => ({ transform: `translate(${x}px, ${y}px) scale(${scale})` });

/** Whether a pixel is so large that its edges are what somebody looks at. */
function showsPixels({ place, frameRef }, { width }) {
  return place.scale > 1 && frameRef.current && (frameRef.current.clientWidth / width) * place.scale > 12;
}
