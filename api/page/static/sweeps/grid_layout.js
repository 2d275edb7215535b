// Where each cell of a sweep stands: the same rows and columns as on its contact sheet.

/** `{rows, columns}` of headings, each a list of `[axis, value]`; cell number i stands in row i / columns. */
export function layOut({ prompts, styles, seeds, parameters }) {
  const across = [...Object.entries(parameters), ["seed", seeds]].filter(isAxis);
  const down = [["prompt", prompts], ["style", styles]].filter(isAxis);
  // Without anything else across, styles are the columns.
  const columns = across.length ? across : down.splice(prompts.length > 1 ? 1 : 0);
  return { rows: multiply(down), columns: multiply(columns) };
}

/** What all cells have of the axes: those with one value are neither rows nor columns. */
export function listCommon({ styles, seeds, parameters }) {
  const axes = [["style", styles], ...Object.entries(parameters), ["seed", seeds]];
  return axes.filter(([, values]) => values.length === 1).map(([name, [value]]) => [name, value]);
}

const isAxis = ([, values]) => values.length > 1;

/** The number of the cell with these values, in the order in which the service counts. */
export function positionOf(cell, { prompts, styles, seeds, parameters }) {
  const axes = [["prompt", prompts], ["style", styles], ...Object.entries(parameters), ["seed", seeds]];
  return axes.reduce((position, [name, values]) => {
    if (values.length < 2) return position;
    return position * values.length + values.findIndex((value) => JSON.stringify(value) === JSON.stringify(cell[name]));
  }, 0);
}

export function titleOf(heading) {
  const title = ([name, value]) => (["prompt", "style"].includes(name) ? value : `${wordOf(name)} ${show(value)}`);
  return heading.map(title).join(" · ");
}

/** Names of parameters as words: `guidance_scale` is "guidance scale". */
export const wordOf = (name) => name.replaceAll("_", " ");

const show = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value));

function multiply(axes) {
  return axes.reduce(
    (headings, [name, values]) => headings.flatMap((heading) => values.map((value) => [...heading, [name, value]])),
    [[]],
  );
}
