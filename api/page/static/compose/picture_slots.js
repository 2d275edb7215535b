// Pictures to draw from: dropped, pasted or chosen. The first can be painted over or continued beyond its edges.
import { Button, html, toast, useRef, useState } from "../shell/ui.js";
import { sendPicture, startFrom } from "../state/apply_request.js";
import { errorOf, mostPictures, setForm } from "../state/form.js";
import { TASK_TITLES, listFittingTasks, listPictureAbilities } from "../state/tasks.js";
import { Parameter } from "./parameter.js";
import { PictureTools } from "./picture_tools.js";

const TITLES = { image: "Start from a picture", control_image: "Follow the lines of", ip_adapter_image: "Look like" };

export function PictureSlots({ now, model, properties, errors, detail, task, simple }) {
  const able = listPictureAbilities(detail.tasks);
  const names = Object.keys(TITLES).filter((name) => (name === "image" ? able.image : name in properties));
  if (simple && !now.pictures.image?.length) return null;
  return html`${names.map(
    (name) => html`<${Slot} key=${name} name=${name} pictures=${now.pictures[name] ?? []}
      most=${Math.max(1, mostPictures(properties[name]))} error=${errorOf(errors, name)} />`,
  )}
    ${
      now.pictures.image?.length > 0 &&
      html`
      <${TaskChoice} now=${now} tasks=${detail.tasks} task=${task} />
      <${PictureTools} now=${now} model=${model} able=${able}
        error=${errorOf(errors, "mask_image") ?? errorOf(errors, "expand")} />
      ${
        properties.strength &&
        html`<${Parameter} name="strength" schema=${properties.strength}
        value=${now.values.strength} errors=${errors} />`
      }`
    }`;
}

function Slot({ name, pictures, most, error }) {
  const [busy, setBusy] = useState(false);
  const chooser = useRef();
  const put = async (files) => {
    setBusy(true);
    try {
      const sent = await Promise.all([...files].slice(0, most).map(sendPicture));
      if (name === "image" && most === 1) startFrom(sent[0]);
      else
        setForm((now) => ({
          pictures: { ...now.pictures, [name]: [...(now.pictures[name] ?? []), ...sent].slice(-most) },
        }));
      sent.flatMap(({ warnings }) => warnings ?? []).forEach((text) => toast(text));
    } catch (problem) {
      toast(problem.message, { kind: "wrong" });
    }
    setBusy(false);
  };
  const drop = (event) => {
    event.preventDefault();
    event.stopPropagation();
    put(event.dataTransfer.files);
  };
  const take = (id) =>
    setForm((now) => ({
      pictures: { ...now.pictures, [name]: now.pictures[name].filter((one) => one.id !== id) },
      ...(name === "image" && { mask: null, expand: null }),
    }));
  return html`<div class=${`slot ${error ? "wrong" : ""}`} onDragOver=${(event) => event.preventDefault()}
    onDrop=${drop}>
    <span class="label">${TITLES[name]}</span>
    <div class="slot-pictures">
      ${pictures.map(
        ({ id, url, width, height }, index) => html`<figure key=${id}>
        ${
          url
            ? html`<img src=${url}
          alt=${width ? `The picture to start from, ${width} × ${height}` : "The picture to start from"} />`
            : html`<span class="slot-name">${id}</span>`
        }
        ${pictures.length > 1 && html`<figcaption>${index + 1}</figcaption>`}
        <${Button} kind="quiet" icon="close" label="Without this picture" onClick=${() => take(id)} />
      </figure>`,
      )}
      ${
        pictures.length < most &&
        html`<button type="button" class="slot-empty" disabled=${busy}
        onClick=${() => chooser.current.click()}>
        ${busy ? "Sending…" : "Drop, paste or choose a picture"}</button>`
      }
    </div>
    <input ref=${chooser} type="file" accept="image/*" multiple=${most > 1} hidden aria-label=${TITLES[name]}
      onChange=${(event) => {
        put(event.target.files);
        event.target.value = "";
      }} />
    ${error && html`<p class="field-error" role="alert">${error}</p>`}
  </div>`;
}

/** Where two tasks take the same pictures, which of them is meant. */
function TaskChoice({ now, tasks, task }) {
  const fitting = listFittingTasks(now, tasks);
  if (fitting.length < 2) return null;
  return html`<div class="segments" role="group" aria-label="What becomes of the picture">
    ${fitting.map(
      (one) => html`<button type="button" key=${one} aria-pressed=${one === task}
      onClick=${() => setForm({ task: one })}>
      ${TASK_TITLES[one]}</button>`,
    )}
  </div>`;
}
