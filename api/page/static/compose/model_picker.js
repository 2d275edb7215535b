// Which model draws, and whether the workers can do it now.
import { Field, html } from "../shell/ui.js";
import { setForm } from "../state/form.js";

export function ModelPicker({ models, chosen, error }) {
  const model = models?.find(({ id }) => id === chosen);
  const choose = (event) =>
    setForm((now) => ({ model: event.target.value, style: null, task: null, values: withoutOwn(now.values) }));
  const state = model && html`<span class=${`model-state ${stateOf(model)}`}>${STATES[stateOf(model)]}</span>`;
  return html`<${Field} name="model" label="Model" error=${error} hint=${model?.description} aside=${state}>
    ${(attributes) => html`<select ...${attributes} value=${chosen} onChange=${choose}>
      ${(models ?? []).map(
        (one) => html`<option key=${one.id} value=${one.id} selected=${one.id === chosen}>
        ${one.id}${one.is_available ? "" : " (not fetched)"}</option>`,
      )}
    </select>`}
  <//>`;
}

/** What each model has a good value of its own for. */
function withoutOwn({ width, height, num_inference_steps, guidance_scale, scheduler, ...rest }) {
  return rest;
}

const STATES = { resident: "In memory", ready: "Ready", waiting: "No worker can draw it", missing: "Not fetched" };

function stateOf({ is_available: available, ready, resident }) {
  if (!available) return "missing";
  if (resident) return "resident";
  return ready === false ? "waiting" : "ready";
}
