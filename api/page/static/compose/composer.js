// What is to be drawn. Simple: the words, a style, a size and a button. Advanced: everything that the model takes.
import { catalog, stylesFor } from "../state/catalog.js";
import { errorOf, findSchema, form, setForm, verdict } from "../state/form.js";
import { Field, html, useStore } from "../shell/ui.js";
import { LoraList } from "./lora_list.js";
import { ModelPicker } from "./model_picker.js";
import { Notices } from "./notices.js";
import { MoreParameters, Parameters } from "./parameters.js";
import { PictureSlots } from "./picture_slots.js";
import { PromptField } from "./prompt_field.js";
import { RunBar } from "./run_bar.js";
import { SeedField } from "./seed_field.js";
import { SizePicker } from "./size_picker.js";
import { StyleStrip } from "./style_strip.js";
import { useTryOut } from "./use_try_out.js";

export function Composer({ simple }) {
  const now = useStore(form);
  const known = useStore(catalog);
  const { errors } = useStore(verdict);
  const model = known.models?.find(({ id }) => id === now.model);
  const detail = known.details[now.model];
  const { task, properties } = findSchema(now, detail);
  useTryOut(now, detail);
  const styles = model && task ? stylesFor(known, model.id, task) : [];
  const shared = { now, model, properties, errors };
  return html`<section class="composer" aria-label="What is to be drawn">
    <h1 class="hidden-text">Create</h1>
    <div class="composer-fields">
      ${
        !simple &&
        html`<${ModelPicker} models=${known.models} chosen=${now.model}
        error=${errorOf(errors, "model")} />`
      }
      ${(!detail || properties.prompt) && html`<${PromptField} now=${now} error=${errorOf(errors, "prompt")} />`}
      ${!simple && properties.negative_prompt && html`<${NegativePrompt} ...${shared} />`}
      ${
        styles.length > 0 &&
        html`<${StyleStrip} styles=${styles} chosen=${now.style}
        error=${errorOf(errors, "style")} />`
      }
      ${detail && html`<${PictureSlots} ...${shared} detail=${detail} task=${task} simple=${simple} />`}
      ${model && task !== "outpaint" && html`<${SizePicker} ...${shared} simple=${simple} />`}
      ${
        !simple &&
        detail &&
        html`
        <${Parameters} ...${shared} />
        ${properties.loras?.items.oneOf && html`<${LoraList} ...${shared} />`}
        <${SeedField} ...${shared} />
        <${MoreParameters} ...${shared} />`
      }
    </div>
    <${Notices} model=${model} now=${now} properties=${properties} simple=${simple} />
    <${RunBar} ...${shared} simple=${simple} />
  </section>`;
}

function NegativePrompt({ now, errors }) {
  return html`<${Field} name="negative_prompt" label="Leave out" error=${errorOf(errors, "negative_prompt")}>
    ${(attributes) => html`<textarea ...${attributes} rows="2" class="grows"
      placeholder="What the picture does not show"
      value=${now.negative_prompt} onInput=${(event) => setForm({ negative_prompt: event.target.value })}></textarea>`}
  <//>`;
}
