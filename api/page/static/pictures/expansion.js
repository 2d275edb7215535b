// How far a picture is continued at each edge, in the steps and up to the size that a model draws.

export const EDGES = ["left", "top", "right", "bottom"];
export const NO_EXPANSION = { left: 0, top: 0, right: 0, bottom: 0 };

const OPPOSITE = { left: "right", right: "left", top: "bottom", bottom: "top" };
export const isAcross = (edge) => edge === "left" || edge === "right";

export function sizeOf(image, expand) {
  return { width: image.width + expand.left + expand.right, height: image.height + expand.top + expand.bottom };
}

/** The expansion with `edge` as near to `wanted` as the model's steps and its largest size allow. */
export function withEdge(image, expand, edge, wanted, { step, maxWidth, maxHeight }) {
  const rest = (isAcross(edge) ? image.width : image.height) + expand[OPPOSITE[edge]];
  const least = Math.ceil(rest / step) * step;
  const most = Math.floor((isAcross(edge) ? maxWidth : maxHeight) / step) * step;
  const side = Math.max(least, Math.min(most, Math.round((rest + wanted) / step) * step));
  return { ...expand, [edge]: side > most ? 0 : side - rest };
}

/** The smallest expansion with the picture in the middle that has these proportions, as far as the limits allow. */
export function toRatio(image, ratio, limits) {
  const isWider = ratio > image.width / image.height;
  const missing = isWider ? image.height * ratio - image.width : image.width / ratio - image.height;
  const [first, second] = isWider ? ["left", "right"] : ["top", "bottom"];
  const begun = { ...NO_EXPANSION, [first]: Math.round(missing / 2 / limits.step) * limits.step };
  return withEdge(image, withEdge(image, begun, second, missing - begun[first], limits), first, begun[first], limits);
}

/** Why this cannot be drawn, or null. Typed numbers are settled by `withEdge` before. */
export function findFault(image, expand, { step, maxWidth, maxHeight }) {
  if (EDGES.every((edge) => expand[edge] === 0)) return "Add something at one edge at least.";
  const most = { width: maxWidth, height: maxHeight };
  for (const [name, side] of Object.entries(sizeOf(image, expand))) {
    if (side > most[name]) return `The ${name} would be ${side}, and this model draws ${most[name]} at most.`;
    if (side % step) return `The ${name} would be ${side}, and this model draws multiples of ${step}.`;
  }
  return null;
}
