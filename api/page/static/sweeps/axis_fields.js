// The fields in which the axes of a sweep are typed and chosen.
import { Button, Field, html } from "../shell/ui.js";
import { wordOf } from "./grid_layout.js";

const NO_AXES = /^(prompt|prompt_\d|style|seed|task|webhook|metadata|dry_run|store|priority|.*deadline_seconds|retention_seconds)$/;

export const NOTHING = { prompts: "", styles: [], seeds: "", rows: [] };

/** `axes` is `{prompts, styles, seeds, rows: [{name, text}]}`; `errorAt(field)` returns what is wrong with it. */
export function AxisFields({ axes, onChange, properties, styles, errorAt }) {
  const set = (change) => onChange({ ...axes, ...change });
  const setRow = (index, change) => set({ rows: axes.rows.map((row, place) => (place === index ? { ...row, ...change } : row)) });
  const free = listNames(properties).filter((name) => !axes.rows.some((row) => row.name === name));
  return html`<${Field} name="prompts" label="Prompts, one a line" error=${errorAt("prompts")}
      hint="{red|blue} stands for either: a line can be many prompts.">
      ${(attributes) => html`<textarea ...${attributes} rows="4" value=${axes.prompts} placeholder="a {red|blue} mug"
        onInput=${(event) => set({ prompts: event.target.value })}></textarea>`}
    <//>
    ${styles.length > 0 && html`<fieldset class="field">
      <legend class="label">Styles</legend>
      <div class="chips">${styles.map(({ name, title }) => html`<${Button} key=${name} class="axis-chip" pressed=${axes.styles.includes(name)}
        onClick=${() => set({ styles: toggle(axes.styles, name) })}>${title}<//>`)}</div>
      ${errorAt("styles") && html`<p class="field-error">${errorAt("styles")}</p>`}
    </fieldset>`}
    <${Field} name="seeds" label="Seeds" error=${errorAt("seeds")} hint="7, 8, 10-12, or 4 random. Empty: one seed for all cells.">
      ${(attributes) => html`<input ...${attributes} value=${axes.seeds} placeholder="one for all" autocomplete="off"
        onInput=${(event) => set({ seeds: event.target.value })} />`}
    <//>
    ${axes.rows.map((row, index) => html`<${Row} key=${row.name} ...${{ row, property: properties[row.name] ?? {}, error: errorAt(`parameters.${row.name}`) }}
      onType=${(text) => setRow(index, { text })} onRemove=${() => set({ rows: axes.rows.filter((each) => each !== row) })} />`)}
    <select class="add-axis" aria-label="Add a parameter" value="" onChange=${(event) => {
      set({ rows: [...axes.rows, { name: event.target.value, text: "" }] });
      event.target.value = "";
    }}>
      <option value="">+ Another parameter…</option>
      ${free.map((name) => html`<option value=${name} key=${name}>${wordOf(name)}</option>`)}
    </select>`;
}

function Row({ row, property, error, onType, onRemove }) {
  const chosen = row.text.split(",").filter(Boolean);
  const remove = html`<${Button} kind="quiet" icon="close" label=${`Remove ${wordOf(row.name)}`} onClick=${onRemove} />`;
  if (property.enum) {
    return html`<fieldset class="field">
      <div class="field-head"><legend class="label">${wordOf(row.name)}</legend>${remove}</div>
      <div class="chips">${property.enum.map((value) => html`<${Button} key=${value} class="axis-chip" pressed=${chosen.includes(String(value))}
        onClick=${() => onType(toggle(chosen, String(value)).join(","))}>${value}<//>`)}</div>
      ${error && html`<p class="field-error">${error}</p>`}
    </fieldset>`;
  }
  return html`<${Field} name=${`parameters.${row.name}`} label=${wordOf(row.name)} error=${error} hint=${hintOf(property)} aside=${remove}>
    ${(attributes) => html`<input ...${attributes} value=${row.text} autocomplete="off" onInput=${(event) => onType(event.target.value)} />`}
  <//>`;
}

function listNames(properties) {
  return Object.keys(properties).filter((name) => {
    const { type, enum: values } = properties[name];
    return !NO_AXES.test(name) && !("const" in properties[name]) && (values || ["integer", "number", "string", "boolean"].includes(type));
  });
}

function hintOf({ type, minimum, maximum, maxLength = 0 }) {
  if (type === "boolean") return "yes, no";
  if (type === "string") return maxLength > 200 ? "Divided by |" : "Divided by commas";
  return `From ${minimum ?? "−∞"} to ${maximum ?? "∞"}: a list such as 2, 4, or 2-8 (+2), or 2-8 [4].`;
}

const toggle = (values, value) => (values.includes(value) ? values.filter((each) => each !== value) : [...values, value]);
