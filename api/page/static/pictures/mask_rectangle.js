// A rectangle by numbers: exact, and without a pointer.
import { Button, html, useState } from "../shell/ui.js";

const SIDES = [
  ["left", "From the left"],
  ["top", "From the top"],
  ["width", "Width"],
  ["height", "Height"],
];

export function RectangleForm({ image, add }) {
  const [rectangle, setRectangle] = useState({
    left: Math.round(image.width / 4),
    top: Math.round(image.height / 4),
    width: Math.round(image.width / 2),
    height: Math.round(image.height / 2),
  });
  const put = (erases) => add({ type: "rectangle", ...rectangle, erases });
  return html`<details class="mask-rectangle">
    <summary>A rectangle by numbers</summary>
    <div class="number-row">
      ${SIDES.map(([side, label]) => html`<label class="field" key=${side}><span class="label">${label}</span>
        <input type="number" min="0" max=${side === "left" || side === "width" ? image.width : image.height} value=${rectangle[side]}
          onInput=${(event) => setRectangle({ ...rectangle, [side]: Math.max(0, Math.round(event.target.valueAsNumber) || 0) })} />
      </label>`)}
      <${Button} onClick=${() => put(false)}>Paint it<//>
      <${Button} onClick=${() => put(true)}>Erase it<//>
    </div>
  </details>`;
}
