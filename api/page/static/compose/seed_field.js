// The seed: drawn anew for each run, or locked; the dice throws one and locks it.
import { Button, Field, html } from "../shell/ui.js";
import { errorOf, setForm } from "../state/form.js";

export function SeedField({ now, errors }) {
  const throwDice = () => setForm({ seed: crypto.getRandomValues(new Uint32Array(1))[0], seedLocked: true });
  const type = ({ target }) =>
    setForm({ seed: target.value === "" ? null : Number(target.value), seedLocked: target.value !== "" });
  return html`<${Field} name="seed" label="Seed" error=${errorOf(errors, "seed")}>
    ${(attributes) => html`<div class="seed">
      <input ...${attributes} type="number" min="0" max=${Number.MAX_SAFE_INTEGER} step="1" placeholder="random"
        value=${now.seed ?? ""}
        class=${now.seedLocked ? "" : "drawn"} onInput=${type} />
      <${Button} icon=${now.seedLocked ? "lock" : "unlock"} pressed=${now.seedLocked} disabled=${now.seed === null}
        label=${now.seedLocked ? "Draw a new seed for each run" : "Keep this seed"}
        onClick=${() => setForm({ seedLocked: !now.seedLocked })} />
      <${Button} icon="dice" label="Throw a new seed" onClick=${throwDice} />
    </div>`}
  <//>`;
}
