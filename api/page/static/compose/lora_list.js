// The LoRAs to draw with, each with how strongly it works.
import { Button, html } from "../shell/ui.js";
import { errorOf, setForm } from "../state/form.js";

export function LoraList({ now, properties, errors }) {
  const offered = listOffered(properties.loras);
  const free = offered.filter(({ id }) => !now.loras.some((one) => one.id === id));
  const most = properties.loras.maxItems ?? 8;
  const change = (id, scale) => setForm({ loras: now.loras.map((one) => (one.id === id ? { ...one, scale } : one)) });
  return html`<fieldset class="loras">
    <legend class="label">LoRAs</legend>
    ${now.loras.map(({ id, scale }, index) => {
      const about = offered.find((one) => one.id === id);
      const error = errorOf(errors, `loras.${index}`);
      return html`<div class=${`lora ${error ? "wrong" : ""}`} key=${id}>
        <span class="lora-name" title=${about?.description}>${id}</span>
        <input type="range" min="-1" max="2" step="0.05" value=${scale ?? about?.scale ?? 1}
          aria-label=${`Scale of ${id}`}
          onInput=${(event) => change(id, Number(event.target.value))} />
        <input type="number" min="-4" max="4" step="any" value=${scale ?? about?.scale ?? 1}
          aria-label=${`Scale of ${id} as a number`}
          onInput=${(event) => change(id, Number(event.target.value))} />
        <${Button} kind="quiet" icon="close" label=${`Without ${id}`}
          onClick=${() => setForm({ loras: now.loras.filter((one) => one.id !== id) })} />
        ${error && html`<p class="field-error">${error}</p>`}
      </div>`;
    })}
    ${
      free.length > 0 &&
      now.loras.length < most &&
      html`<select aria-label="Add a LoRA" value=""
      onChange=${(event) => event.target.value && setForm({ loras: [...now.loras, { id: event.target.value }] })}>
      <option value="">Add a LoRA…</option>
      ${free.map(
        ({ id, description }) => html`<option value=${id}
        key=${id}>${description ? `${id}: ${description}` : id}</option>`,
      )}
    </select>`
    }
  </fieldset>`;
}

/** The schema has one alternative for each LoRA that fits. */
function listOffered({ items }) {
  return (items?.oneOf ?? []).map(({ title, description, properties }) => ({
    id: title,
    description,
    scale: properties.scale.default,
  }));
}
