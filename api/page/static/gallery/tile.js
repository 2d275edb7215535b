// One picture of a grid: opens it, selects it, makes it a favourite.
import { Button, Icon, html } from "../shell/ui.js";
import { setFavourite } from "./changes.js";

export function Tile({ item, index, count, box, onOpen, onSelect, selecting, selected, onGone }) {
  const words = item.prompt ?? "A picture without words";
  const place = {
    transform: `translate(${box.left}px, ${box.top}px)`,
    width: `${box.width}px`,
    height: `${box.height}px`,
  };
  const press = (event) => {
    if (onSelect && (selecting || event.shiftKey || event.ctrlKey || event.metaKey)) onSelect(index, event.shiftKey);
    else onOpen(index);
  };
  return html`<div role="listitem" aria-setsize=${count} aria-posinset=${index + 1} data-index=${index} style=${place}
    class=${`tile ${selected ? "selected" : ""} ${item.landed ? "landed" : ""}`}>
    <button type="button" id=${`tile-${item.id}`} class="tile-open" onClick=${press} aria-label=${words}>
      <img src=${item.url} alt="" loading=${index < 40 ? "eager" : "lazy"} decoding="async" draggable=${false}
        onError=${() => onGone(item)} />
      <span class="tile-words" aria-hidden="true">${words}</span>
    </button>
    ${
      onSelect &&
      html`<button type="button" class="tile-check" role="checkbox" aria-checked=${selected}
      aria-label=${`Select: ${words}`}
      onClick=${(event) => onSelect(index, event.shiftKey)}><${Icon} name="check" size=${14} /></button>`
    }
    <${Button} kind="quiet" class="tile-star over" icon="star" filled=${item.favourite} pressed=${item.favourite}
      label=${item.favourite ? "No favourite any more" : "Favourite"} onClick=${() => setFavourite([item.id], !item.favourite)} />
  </div>`;
}
