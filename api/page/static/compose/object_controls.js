// Parameters that are objects: of known properties, each with its own control, or of names that people choose.
import { Button, html, useEffect, useState } from "../shell/ui.js";
import { errorOf } from "../state/form.js";
import { titleOf } from "./parameter_titles.js";
import { kindOf } from "./schema_kinds.js";

export function PropertyGroup({ name, schema, value, errors, onChange, Each }) {
  const error = errors.find(({ field }) => field === name)?.message;
  const properties = Object.entries(schema.properties).filter(([, one]) => kindOf(one) !== null);
  return html`<div class="rows">
      ${properties.map(
        ([key, one]) => html`<${Each} key=${key} name=${`${name}.${key}`} title=${titleOf(key)} schema=${one}
        value=${value?.[key]} errors=${errors} onChange=${(changed) => onChange({ ...value, [key]: changed })} />`,
      )}
    </div>
    ${error && html`<p class="field-error" role="alert">${error}</p>`}`;
}

/** Names and texts. Two rows may have one name for as long as somebody types; the last one counts. */
export function PairList({ name, schema, value, title, errors, onChange }) {
  const [rows, setRows] = useState(() => Object.entries(value ?? {}));
  const error = errorOf(errors, name);
  useEffect(() => {
    if (!isSame(Object.fromEntries(rows), value ?? {})) setRows(Object.entries(value ?? {}));
  }, [value]);
  const put = (changed) => {
    setRows(changed);
    onChange(Object.fromEntries(changed.filter(([key]) => key)));
  };
  const input = (index, part, label) => html`<input type="text" aria-label=${`${label} of ${title} ${index + 1}`}
    placeholder=${label} value=${rows[index][part]}
    onInput=${(event) => put(rows.with(index, rows[index].with(part, event.target.value)))} />`;
  return html`<div class="rows">
      ${rows.map(
        (_, index) => html`<div class="pair" key=${index}>
        ${input(index, 0, "Name")}${input(index, 1, "Value")}
        <${Button} kind="quiet" icon="close" label=${`Without ${title} ${index + 1}`}
          onClick=${() => put(rows.toSpliced(index, 1))} />
      </div>`,
      )}
      <${Button} icon="add" disabled=${rows.length >= (schema.maxProperties ?? Infinity)}
        onClick=${() => setRows([...rows, ["", ""]])}>Add another<//>
    </div>
    ${error && html`<p class="field-error" role="alert">${error}</p>`}`;
}

/** But for rows whose name is not there yet. */
function isSame({ "": _unnamed, ...typed }, known) {
  return JSON.stringify(typed) === JSON.stringify(known);
}
