// The size: usual proportions with one press, both sides exchanged with another, and in Advanced the sides themselves.
import { Button, html } from "../shell/ui.js";
import { errorOf, setForm } from "../state/form.js";
import { listSizes } from "../state/sizes.js";

export function SizePicker({ now, model, properties, errors, simple }) {
  const sizes = listSizes(model, properties);
  if (!sizes.length) return null;
  const asPicture = Boolean(now.pictures.image?.length) && !now.values.width && !now.values.height;
  const width = now.values.width ?? (asPicture ? null : model.default_width);
  const height = now.values.height ?? (asPicture ? null : model.default_height);
  const set = (side) => setForm((before) => ({ values: { ...before.values, ...side } }));
  const wrong = errorOf(errors, "width") ?? errorOf(errors, "height");
  return html`<fieldset class="sizes">
    <legend class="label">Size${width && html`<span class="size-now">${width} × ${height}</span>`}</legend>
    <div class="size-row" role="radiogroup" aria-label="Proportions">
      ${
        now.pictures.image?.length > 0 &&
        html`<${Ratio} name="As picture" checked=${asPicture}
        onChoose=${() => set({ width: null, height: null })} />`
      }
      ${sizes.map(
        (size) => html`<${Ratio} ...${size} key=${size.name}
        checked=${size.width === width && size.height === height}
        onChoose=${() => set({ width: size.width, height: size.height })} />`,
      )}
      <${Button} kind="quiet" icon="swap" label="Exchange width and height" disabled=${!width}
        onClick=${() => set({ width: height, height: width })} />
    </div>
    ${
      !simple &&
      html`<div class="sides">
      ${["width", "height"].map(
        (name) => html`<label key=${name}><span
        class="label">${name === "width" ? "Width" : "Height"}</span>
        <input type="number" name=${name} min=${properties[name].minimum} max=${properties[name].maximum}
          step=${properties[name].multipleOf} value=${name === "width" ? width : height} placeholder="as picture"
          aria-invalid=${errorOf(errors, name) ? "true" : undefined}
          onChange=${(event) => set({ [name]: event.target.value ? Number(event.target.value) : null })} /></label>`,
      )}
    </div>`
    }
    ${wrong && html`<p class="field-error" role="alert">${wrong}</p>`}
  </fieldset>`;
}

function Ratio({ name, width, height, checked, onChoose }) {
  const scale = width ? 16 / Math.max(width, height) : 0;
  return html`<label class="ratio">
    <input type="radio" name="ratio" class="hidden-text" checked=${checked} onChange=${onChoose} onClick=${onChoose} />
    ${
      width &&
      html`<span class="ratio-shape"
      style=${{ width: `${width * scale}px`, height: `${height * scale}px` }}></span>`
    }
    <span>${name}</span>
  </label>`;
}
