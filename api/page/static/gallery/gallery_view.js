// All pictures: where to look, what for, and what to do with those that are chosen.
import { loadStyle } from "../shell/view_style.js";
import { Empty, html, useEffect, useState, useStore } from "../shell/ui.js";
import { closeList, loadMore, openList } from "../state/outputs.js";
import { catalog, loadCatalog } from "../state/catalog.js";
import { createKeptStore } from "../state/store.js";
import { DropZones } from "../compose/drop_zones.js";
import { BoardList } from "./board_list.js";
import { GalleryBar } from "./gallery_bar.js";
import { PictureGrid } from "./picture_grid.js";
import { SelectionBar } from "./selection_bar.js";
import { usePictureView } from "./use_picture_view.js";
import { useSelection } from "./use_selection.js";

await Promise.all(["compose", "gallery"].map(loadStyle));

const gallerySize = createKeptStore("darkroom.gallery", { size: "medium" });
const NOTHING = { prompt: "", model: "", style: "", task: "", order: "desc" };

export function GalleryView() {
  const [place, setPlace] = useState("all");
  const [asked, setAsked] = useState(NOTHING);
  const { size } = useStore(gallerySize);
  const list = useList(place, asked);
  const { items, complete, problem } = useStore(list.store);
  const { open, view } = usePictureView(list);
  const selection = useSelection(items);
  useEffect(() => {
    if (!catalog.get().models) loadCatalog().catch(() => {});
  }, []);
  useEffect(selection.clear, [list]);
  return html`<div class="gallery">
    <h1 class="hidden-text">Gallery</h1>
    <${BoardList} chosen=${place} onChoose=${setPlace} />
    <section class="gallery-main" aria-label="Pictures">
      <${GalleryBar} asked=${asked} onAsk=${(change) => setAsked((now) => ({ ...now, ...change }))} size=${size}
        onSize=${(one) => gallerySize.set({ size: one })} items=${items} complete=${complete} onSelectAll=${selection.selectAll} />
      ${problem && html`<${Empty} icon="warning" title="The pictures cannot be read">${problem.message}<//>`}
      ${items.length === 0 && complete && html`<${Nothing} place=${place} filtered=${asked !== NOTHING} />`}
      <${PictureGrid} items=${items} size=${size} onOpen=${open} onEnd=${() => loadMore(list)} selected=${selection.ids}
        onSelect=${selection.toggle} />
      <${SelectionBar} items=${items} selection=${selection} place=${place} />
    </section>
    ${view}
    <${DropZones} />
  </div>`;
}

/** A new list for each question; the one before is let go. */
function useList(place, asked) {
  const filters = {
    ...asked,
    favourite: place === "favourites" ? true : undefined,
    board: place.startsWith("board_") ? place : undefined,
  };
  const named = JSON.stringify(filters);
  const [list, setList] = useState(() => Object.assign(openList(filters), { named }));
  useEffect(() => {
    if (list.named === named) return;
    const timer = setTimeout(() => setList(Object.assign(openList(filters), { named })), 200);
    return () => clearTimeout(timer);
  }, [named]);
  useEffect(() => () => closeList(list), [list]);
  return list;
}

function Nothing({ place, filtered }) {
  if (filtered)
    return html`<${Empty} icon="search"
    title="Nothing found">No picture fits. Words are compared as they are: mugs is not mug.<//>`;
  if (place === "favourites")
    return html`<${Empty} icon="star"
    title="No favourites yet">The star at a picture makes it one.<//>`;
  if (place !== "all")
    return html`<${Empty} icon="board"
    title="The board is empty">Select pictures, and put them on it.<//>`;
  return html`<${Empty} icon="gallery"
    title="No pictures yet">What you render is kept here, and found again on any device.<//>`;
}
