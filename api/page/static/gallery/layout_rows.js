// Pictures in rows of one height, each as wide as its proportions ask and every full row as wide as the grid.

const GAP = 6;
const WIDEST = 3;

/**
 * `{rows: [{top, height, from, to}], boxes: [{left, top, width, height}], height}`, in pixels. A row is closed as soon as it would be
 * lower than `target`; the last one keeps that height.
 */
export function layoutRows(pictures, width, target) {
  const rows = [];
  const boxes = [];
  let from = 0;
  let sum = 0;
  let top = 0;
  const close = (to, height) => {
    let left = 0;
    for (let index = from; index < to; index += 1) {
      const across = ratioOf(pictures[index]) * height;
      boxes.push({ left, top, width: across, height });
      left += across + GAP;
    }
    rows.push({ top, height, from, to });
    top += height + GAP;
    from = to;
    sum = 0;
  };
  for (let index = 0; index < pictures.length; index += 1) {
    sum += ratioOf(pictures[index]);
    const height = (width - GAP * (index - from)) / sum;
    if (height <= target) close(index + 1, height);
  }
  if (from < pictures.length)
    close(pictures.length, Math.min(target, (width - GAP * (pictures.length - from - 1)) / sum));
  return { rows, boxes, height: Math.max(0, top - GAP) };
}

/** The rows that meet the span from `top` to `bottom`: `[first picture, behind the last]`. */
export function findVisible(rows, top, bottom) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].top + rows[middle].height < top) low = middle + 1;
    else high = middle;
  }
  let last = low;
  while (last < rows.length && rows[last].top <= bottom) last += 1;
  return low < rows.length ? [rows[low].from, rows[Math.max(low, last - 1)].to] : [0, 0];
}

/** A very long or high picture is cropped in the grid, and whole in the view. */
function ratioOf({ width, height }) {
  return Math.min(WIDEST, Math.max(1 / WIDEST, width / height || 1));
}
