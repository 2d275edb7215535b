// Thousands of pictures, of which only those on the screen are in the document. Arrows go from one to the next.
import { html, useEffect, useMemo, useRef } from "../shell/ui.js";
import { refreshAddress } from "../state/outputs.js";
import { findVisible, layoutRows } from "./layout_rows.js";
import { Tile } from "./tile.js";
import { useWindow } from "./use_window.js";

const NEAR_END = 1_500;
const TARGETS = { small: 120, medium: 190, large: 300 };

/** `selected` is a set of ids, or null while nothing can be selected. `onEnd` is called when more pictures are wanted. */
export function PictureGrid({ items, onOpen, onEnd, onSelect, selected = null, size = "medium" }) {
  const grid = useRef();
  const wanted = useRef(null);
  const { width, top, bottom } = useWindow(grid);
  const layout = useMemo(() => layoutRows(items, width || 1, TARGETS[size]), [items, width, size]);
  const [first, last] = findVisible(layout.rows, top, bottom);

  useEffect(() => {
    if (width && bottom > layout.height - NEAR_END) onEnd?.();
  }, [bottom, layout.height, width]);
  useEffect(() => {
    const tile = wanted.current && document.getElementById(`tile-${wanted.current}`);
    if (!tile) return;
    wanted.current = null;
    tile.focus();
  });

  const focusOn = (index) => {
    if (!items[index]) return;
    wanted.current = items[index].id;
    const box = layout.boxes[index];
    const at = grid.current.getBoundingClientRect().top + box.top;
    if (at < 80) scrollBy(0, at - 80);
    else if (at + box.height > innerHeight - 80) scrollBy(0, at + box.height - innerHeight + 80);
    document.getElementById(`tile-${items[index].id}`)?.focus();
  };
  const press = (event) => {
    const index = Number(event.target.closest("[data-index]")?.dataset.index);
    const next = nextOf(event.key, index, layout);
    if (next === undefined || !event.target.classList.contains("tile-open")) return;
    event.preventDefault();
    focusOn(next);
  };
  return html`<div class="grid" role="list" aria-label="Pictures" ref=${grid} onKeyDown=${press}
    style=${{ height: `${layout.height}px` }}>
    ${
      width > 0 &&
      items.slice(first, last).map(
        (item, place) => html`<${Tile} key=${item.id} item=${item}
      index=${first + place}
      count=${items.length} box=${layout.boxes[first + place]} onOpen=${onOpen} onSelect=${onSelect}
      selecting=${Boolean(selected?.size)} selected=${selected?.has(item.id) ?? false} onGone=${refresh} />`,
      )
    }
  </div>`;
}

const refreshing = new Set();

/** An address that does not work any more is asked for anew, once. */
function refresh({ id, url }) {
  if (refreshing.has(url)) return;
  refreshing.add(url);
  refreshAddress(id).catch(() => {});
}

function nextOf(key, index, { rows, boxes }) {
  if (key === "ArrowRight") return index + 1;
  if (key === "ArrowLeft") return index - 1;
  const by = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (!by) return undefined;
  const row = rows[rows.findIndex(({ from, to }) => from <= index && index < to) + by];
  if (!row) return index;
  const middle = boxes[index].left + boxes[index].width / 2;
  let best = row.from;
  for (let at = row.from; at < row.to; at += 1) if (boxes[at].left <= middle) best = at;
  return best;
}
