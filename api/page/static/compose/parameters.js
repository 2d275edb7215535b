// The parameters of the model, by its JSON schema: a new model needs nothing here.
import { html, useState } from "../shell/ui.js";
import { errorOf } from "../state/form.js";
import { withoutBlanks } from "../state/blanks.js";
import { Parameter } from "./parameter.js";
import { kindOf } from "./schema_kinds.js";

/** What has a control of its own elsewhere, or no place in a form. */
const ELSEWHERE = new Set(
  "model task prompt negative_prompt style width height size aspect_ratio seed loras image mask_image control_image ip_adapter_image expand dry_run mask_mode strength".split(
    " ",
  ),
);
const FIRST = ["num_inference_steps", "guidance_scale", "scheduler", "num_images"];

/** Those that people change most. */
export function Parameters({ now, properties, errors }) {
  const names = FIRST.filter((name) => name in properties && kindOf(properties[name]) !== null);
  return html`<div class="parameters">${names.map((name) => show(name, now, properties, errors))}</div>`;
}

/** All others, folded. */
export function MoreParameters({ now, properties, errors }) {
  const [open, setOpen] = useState(false);
  const rest = Object.keys(properties).filter(
    (name) => !ELSEWHERE.has(name) && !FIRST.includes(name) && kindOf(properties[name]) !== null,
  );
  const changed = rest.filter((name) => withoutBlanks(now.values[name] ?? null) !== undefined).length;
  const wrong = rest.some((name) => errorOf(errors, name));
  if (!rest.length) return null;
  return html`<details class="more" open=${open || wrong} onToggle=${(event) => setOpen(event.target.open)}>
    <summary>More settings${changed > 0 && html`<span class="count">${changed}</span>`}</summary>
    <div class="parameters">${rest.map((name) => show(name, now, properties, errors))}</div>
  </details>`;
}

const show = (name, now, properties, errors) => html`<${Parameter} key=${name} name=${name} schema=${properties[name]}
  value=${now.values[name]} errors=${errors} />`;
