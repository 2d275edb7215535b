// One parameter: a slider, a number, a choice, a switch or a text, as its schema says.
import { Field, html } from "../shell/ui.js";
import { setValue } from "../state/form.js";
import { isUsual, titleOf } from "./parameter_titles.js";

/** The widest range that a slider is good for. */
const SLIDER = 200;

export function Parameter({ name, schema, value, error }) {
  const numeric = pickNumeric(schema);
  const title = titleOf(name);
  const hint = isUsual(name) ? null : schema.description?.replaceAll("`", "");
  if (schema.type === "boolean")
    return html`<${Switch} name=${name} title=${title} hint=${hint}
    value=${value ?? schema.default} />`;
  return html`<${Field} name=${name} label=${title} hint=${hint} error=${error}>
    ${(attributes) =>
      schema.enum
        ? html`<${Choice} attributes=${attributes} schema=${schema} value=${value} />`
        : numeric
          ? html`<${Numeric} attributes=${attributes} schema=${numeric} value=${value} title=${title} />`
          : html`<input ...${attributes} type="text" value=${value ?? ""} placeholder=${schema.default ?? ""}
          maxlength=${schema.maxLength} onInput=${(event) => setValue(name, event.target.value || null)} />`}
  <//>`;
}

/** Whether there is a control for such a schema; objects and lists have none. */
export function canShow(schema) {
  return (
    !("const" in schema) && (schema.type === "boolean" || schema.type === "string" || pickNumeric(schema) !== null)
  );
}

function pickNumeric(schema) {
  const isNumber = (one) => one.type === "number" || one.type === "integer";
  if (isNumber(schema)) return schema;
  const found = schema.anyOf?.find(isNumber);
  return found ? { ...found, default: schema.default } : null;
}

function Numeric({ attributes, schema, value, title }) {
  const { name } = attributes;
  const { maximum, type } = schema;
  const step = schema.multipleOf ?? (type === "integer" ? 1 : maximum <= 1 ? 0.01 : 0.1);
  const minimum =
    schema.minimum ?? (schema.exclusiveMinimum === undefined ? undefined : schema.exclusiveMinimum + step);
  const set = (text) => setValue(name, text === "" ? null : Number(text));
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

function Choice({ attributes, schema, value }) {
  const { name } = attributes;
  const now = value ?? schema.default ?? "";
  return html`<select ...${attributes} value=${now} onChange=${(event) => setValue(name, event.target.value || null)}>
    ${schema.default === undefined && html`<option value="" selected=${now === ""}>as the model has it</option>`}
    ${schema.enum.map((one) => html`<option key=${one} value=${one} selected=${one === now}>${one}</option>`)}
  </select>`;
}

function Switch({ name, title, hint, value }) {
  return html`<label class="switch"><input type="checkbox" role="switch" name=${name} checked=${Boolean(value)}
    onChange=${(event) => setValue(name, event.target.checked)} />
    <span><span>${title}</span>${hint && html`<span class="field-hint">${hint}</span>`}</span></label>`;
}
