// Sizes that a model draws: one for each usual proportion, with about as many pixels as its default.

const RATIOS = [
  [1, 1],
  [4, 3],
  [3, 2],
  [16, 9],
  [3, 4],
  [2, 3],
  [9, 16],
];

/** `[{name: "4:3", width, height}]`; only the default where the model draws one size. */
export function listSizes(model, properties) {
  const { default_width: width, default_height: height } = model;
  if (!properties.width || "const" in properties.width) return [];
  const area = width * height;
  const listed = RATIOS.map(([across, down]) => {
    const side = Math.sqrt((area * across) / down);
    return { name: `${across}:${down}`, ...fit(side, (side * down) / across, model) };
  });
  const own = listed.some((size) => size.width === width && size.height === height);
  return own ? listed : [{ name: "Default", width, height }, ...listed];
}

function fit(width, height, { max_width: widest, max_height: highest, size_step: step }) {
  const smaller = Math.min(1, widest / width, highest / height);
  const round = (side, most) =>
    Math.min(most - (most % step), Math.max(step, Math.round((side * smaller) / step) * step));
  return { width: round(width, widest), height: round(height, highest) };
}
