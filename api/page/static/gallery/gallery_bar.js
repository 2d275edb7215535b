// Searching and filtering, the size of the tiles, and clearing up.
import { Confirm } from "../shell/confirm.js";
import { Menu } from "../shell/menu.js";
import { Icon, html, toast, useState, useStore } from "../shell/ui.js";
import { catalog } from "../state/catalog.js";
import { TASK_TITLES } from "../state/tasks.js";
import { clearAllButFavourites } from "./changes.js";

export function GalleryBar({ asked, onAsk, size, onSize, items, complete, onSelectAll }) {
  const { models, styles } = useStore(catalog);
  const [clearing, setClearing] = useState(false);
  const clear = () =>
    clearAllButFavourites(() => {}).then(
      (count) => toast(`${count} ${count === 1 ? "job is" : "jobs are"} deleted; the favourites are kept`),
      (problem) => toast(problem.message, { kind: "wrong" }),
    );
  return html`<div class="gallery-bar" role="search">
    <label class="search"><${Icon} name="search" size=${16} /><span class="hidden-text">Search by prompt</span>
      <input type="search" placeholder="Search prompts" value=${asked.prompt}
        onInput=${(event) => onAsk({ prompt: event.target.value })} /></label>
    <${Filter} name="Model" value=${asked.model} options=${(models ?? []).map(({ id }) => [id, id])}
      onChoose=${(model) => onAsk({ model })} />
    <${Filter} name="Style" value=${asked.style} options=${styles.map(({ name, title }) => [name, title])}
      onChoose=${(style) => onAsk({ style })} />
    <${Filter} name="Task" value=${asked.task} options=${Object.entries(TASK_TITLES)}
      onChoose=${(task) => onAsk({ task })} />
    <span class="gallery-count"
      role="status">${items.length}${complete ? "" : "+"} ${items.length === 1 ? "picture" : "pictures"}</span>
    <div class="segments sizes-switch" role="group" aria-label="Size of the pictures">
      ${["small", "medium", "large"].map(
        (one) => html`<button type="button" key=${one} aria-pressed=${one === size}
        onClick=${() => onSize(one)}
        aria-label=${one}>${one[0].toUpperCase()}</button>`,
      )}
    </div>
    <${Menu} kind="quiet" icon="more" label="More" items=${[
      { icon: "check", title: "Select all that are shown", onChoose: onSelectAll, off: !items.length },
      {
        icon: "queue",
        title: asked.order === "desc" ? "Oldest first" : "Newest first",
        onChoose: () => onAsk({ order: asked.order === "desc" ? "asc" : "desc" }),
      },
      { icon: "trash", title: "Clear all but favourites", danger: true, onChoose: () => setClearing(true) },
    ]} />
    ${
      clearing &&
      html`<${Confirm} title="Clear all but favourites?" action="Clear" onClose=${() => setClearing(false)}
      onDo=${clear}>
      Every finished job without a favourite among its pictures is deleted, with its pictures, on boards too. This cannot be taken back.<//>`
    }
  </div>`;
}

function Filter({ name, value, options, onChoose }) {
  return html`<select class=${`filter ${value ? "set" : ""}`} aria-label=${name} value=${value}
    onChange=${(event) => onChoose(event.target.value)}>
    <option value="">${name}</option>
    ${options.map(([id, title]) => html`<option key=${id} value=${id} selected=${id === value}>${title}</option>`)}
  </select>`;
}
