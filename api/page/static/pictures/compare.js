// Two pictures in one frame, with a slider between them. The slider is a range of the browser's own: pointers and keys move it.
import { html, useState } from "../shell/ui.js";
import { loadStyle } from "../shell/view_style.js";

await loadStyle("pictures");

/** `left` and `right` are `{url, width, height, label}`; the frame has the proportions of `left`. */
export function Compare({ left, right }) {
  const [share, setShare] = useState(50);
  const [fit, setFit] = useState(false);
  const frame = { aspectRatio: `${left.width} / ${left.height}`, "--share": `${share}%` };
  const sizes = left.width === right.width && left.height === right.height;
  return html`<figure class="compare" style=${{ "--ratio": left.width / left.height }}>
    <div class="compare-frame" style=${frame} data-fit=${fit}>
      <img src=${left.url} alt=${left.label} draggable=${false} />
      <img class="compare-right" src=${right.url} alt=${right.label} draggable=${false} />
      <input type="range" min="0" max="100" step="0.5" value=${share} aria-label="How much of the left picture is shown"
        aria-valuetext=${`${Math.round(share)} %`} onInput=${(event) => setShare(Number(event.target.value))} />
      <span class="compare-line" aria-hidden="true"></span>
    </div>
    <figcaption class="compare-labels">
      <span>${left.label}</span>
      ${!sizes && html`<button type="button" class="button quiet" aria-pressed=${fit} onClick=${() => setFit(!fit)}>Same width</button>`}
      <span>${right.label}</span>
    </figcaption>
  </figure>`;
}
