// Which task a form asks for: it follows from the pictures that it holds.

const NEEDS = {
  "text-to-image": [],
  unconditional: [],
  "image-to-image": ["image"],
  edit: ["image"],
  variation: ["image"],
  upscale: ["image"],
  map: ["image"],
  inpainting: ["image", "mask_image"],
  outpaint: ["image", "expand"],
};

export const TASK_TITLES = {
  "text-to-image": "From text",
  unconditional: "From nothing",
  "image-to-image": "From a picture",
  edit: "Edit",
  variation: "Variation",
  upscale: "Enlarge",
  map: "Map",
  inpainting: "Repaint",
  outpaint: "Extend",
};

/** The tasks of a model that take just the pictures that the form holds; the first is what a request without a task gets. */
export function listFittingTasks(form, tasks) {
  const given = listGiven(form);
  return tasks.filter((task) => {
    const needs = NEEDS[task] ?? [];
    return needs.length === given.size && needs.every((name) => given.has(name));
  });
}

/** The chosen one if it fits, else the first that fits, else the nearest that leaves something out. */
export function findTask(form, tasks) {
  const fitting = listFittingTasks(form, tasks);
  if (fitting.includes(form.task)) return form.task;
  if (fitting.length) return fitting[0];
  const given = listGiven(form);
  const possible = tasks.filter((task) => (NEEDS[task] ?? []).every((name) => given.has(name)));
  return possible.sort((a, b) => NEEDS[b].length - NEEDS[a].length)[0] ?? tasks[0];
}

/** Whether a picture can be used with the model at all, and painted over or extended. */
export function listPictureAbilities(tasks) {
  return {
    image: tasks.some((task) => NEEDS[task]?.includes("image")),
    mask: tasks.includes("inpainting"),
    expand: tasks.includes("outpaint"),
  };
}

function listGiven({ pictures, mask, expand }) {
  const given = new Set();
  if (pictures.image?.length) {
    given.add("image");
    if (mask) given.add("mask_image");
    else if (expand) given.add("expand");
  }
  return given;
}
