// One parameter, by its schema: a slider, a number, a choice, a switch, a text, or a list or an object of these.
import { Field, html } from "../shell/ui.js";
import { errorOf, setValue } from "../state/form.js";
import { Choices, ValueList } from "./list_controls.js";
import { PairList, PropertyGroup } from "./object_controls.js";
import { isUsual, titleOf } from "./parameter_titles.js";
import { kindOf, settle } from "./schema_kinds.js";

/** The widest range that a slider is good for. */
const SLIDER = 200;

const SIMPLE = { choice: Choice, number: Numeric, text: Text };
const COMPOUND = { choices: Choices, list: ValueList, group: PropertyGroup, pairs: PairList };

/** `name` is the place of the value in the request, such as `webhook.url`. Without `onChange` it is a value of the form. */
export function Parameter({ name, schema: stated, value, errors, title = titleOf(name), onChange }) {
  const schema = settle(stated);
  const kind = kindOf(schema);
  const hint = isUsual(name) ? null : schema.description?.replaceAll("`", "");
  const shared = { name, schema, value, title, onChange: onChange ?? ((changed) => setValue(name, changed)) };
  if (kind === "switch") return html`<${Switch} ...${shared} hint=${hint} />`;
  if (kind in COMPOUND)
    return html`<fieldset class="compound">
      <legend class="label">${title}</legend>
      <${COMPOUND[kind]} ...${shared} errors=${errors} Each=${Parameter} />
      ${hint && html`<p class="field-hint">${hint}</p>`}
    </fieldset>`;
  return html`<${Field} name=${name} label=${title} hint=${hint} error=${errorOf(errors, name)}>
    ${(attributes) => html`<${SIMPLE[kind]} ...${shared} attributes=${attributes} />`}
  <//>`;
}

function Numeric({ attributes, schema, value, title, onChange }) {
  const { name } = attributes;
  const { maximum, type } = schema;
  const step = schema.multipleOf ?? (type === "integer" ? 1 : maximum <= 1 ? 0.01 : 0.1);
  const minimum =
    schema.minimum ?? (schema.exclusiveMinimum === undefined ? undefined : schema.exclusiveMinimum + step);
  const set = (text) => onChange(text === "" ? null : Number(text));
  const ranged = minimum !== undefined && maximum !== undefined && maximum - minimum <= SLIDER;
  const number = html`<input ...${attributes} type="number" min=${minimum} max=${maximum}
    step=${type === "integer" ? step : "any"}
    value=${value ?? schema.default ?? ""} placeholder=${schema.default ?? "not set"} onInput=${(event) => set(event.target.value)} />`;
  if (!ranged) return number;
  const top = name === "guidance_scale" ? Math.min(maximum, 20) : maximum;
  return html`<div class="slider">
    <input type="range" aria-label=${title} min=${minimum} max=${top} step=${step}
      value=${value ?? schema.default ?? minimum}
      onInput=${(event) => set(event.target.value)} />${number}
  </div>`;
}

function Choice({ attributes, schema, value, onChange }) {
  const now = value ?? schema.default ?? "";
  return html`<select ...${attributes} value=${now} onChange=${(event) => onChange(event.target.value || null)}>
    ${schema.default === undefined && html`<option value="" selected=${now === ""}>as the model has it</option>`}
    ${schema.enum.map((one) => html`<option key=${one} value=${one} selected=${one === now}>${one}</option>`)}
  </select>`;
}

function Text({ attributes, schema, value, onChange }) {
  return html`<input ...${attributes} type="text" value=${value ?? ""} placeholder=${schema.default ?? ""}
    maxlength=${schema.maxLength} onInput=${(event) => onChange(event.target.value || null)} />`;
}

function Switch({ name, title, hint, schema, value, onChange }) {
  return html`<label class="switch"><input type="checkbox" role="switch" name=${name}
    checked=${Boolean(value ?? schema.default)} onChange=${(event) => onChange(event.target.checked)} />
    <span><span>${title}</span>${hint && html`<span class="field-hint">${hint}</span>`}</span></label>`;
}
