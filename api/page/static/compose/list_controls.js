// Parameters that are lists: some of a few names in the order of their choice, or values one below the other.
import { Button, html } from "../shell/ui.js";
import { errorOf } from "../state/form.js";

/** Each name is a switch; where several are on, it shows its place. */
export function Choices({ name, schema, value, errors, onChange }) {
  const chosen = value ?? schema.default ?? [];
  const error = errorOf(errors, name);
  const press = (one) =>
    onChange(chosen.includes(one) ? chosen.filter((other) => other !== one) : [...chosen, one]);
  return html`<div class="choices">
      ${schema.items.enum.map((one) => {
        const place = chosen.indexOf(one) + 1;
        return html`<${Button} key=${one} pressed=${place > 0} onClick=${() => press(one)}
          disabled=${!place && chosen.length >= (schema.maxItems ?? Infinity)}>
          ${place > 0 && chosen.length > 1 ? `${place}. ${one}` : one}<//>`;
      })}
    </div>
    ${error && html`<p class="field-error" role="alert">${error}</p>`}`;
}

/** Where one value may stand by itself (`alone`), it is no list until a second one is added. */
export function ValueList({ name, schema, value, title, errors, onChange, Each }) {
  const values = value === null || value === undefined ? [] : [value].flat();
  const rows = values.length ? values : [null];
  const error = errors.find(({ field }) => field === name)?.message;
  const put = (changed) => onChange(schema.alone && changed.length === 1 ? changed[0] : changed);
  const first = { ...schema.items, default: schema.items.default ?? (schema.alone ? schema.default : undefined) };
  return html`<div class="rows">
      ${rows.map(
        (one, index) => html`<div class="row" key=${index}>
        <${Each} name=${`${name}.${index}`} title=${`${title} ${index + 1}`} schema=${first} value=${one} errors=${errors}
          onChange=${(changed) => put(rows.with(index, changed))} />
        ${
          rows.length > 1 &&
          html`<${Button} kind="quiet" icon="close" label=${`Without ${title} ${index + 1}`}
          onClick=${() => put(rows.toSpliced(index, 1))} />`
        }
      </div>`,
      )}
      <${Button} icon="add" disabled=${rows.length >= (schema.maxItems ?? Infinity)}
        onClick=${() => put([...rows.map((one) => one ?? first.default ?? null), blankOf(first, rows.at(-1))])}>Add another<//>
    </div>
    ${error && html`<p class="field-error" role="alert">${error}</p>`}`;
}

/** What a new value begins as: a number as the one before it, since no list has holes. */
function blankOf({ type, default: usual, minimum }, before) {
  return type === "number" || type === "integer" ? (before ?? usual ?? minimum ?? 0) : (usual ?? null);
}
