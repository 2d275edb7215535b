// The form that every view shares: what is typed and chosen, kept in this browser, and the request that it makes.
import { withoutBlanks } from "./blanks.js";
import { catalog, stylesFor } from "./catalog.js";
import { findTask } from "./tasks.js";
import { createKeptStore, createStore } from "./store.js";

const BLANK = {
  model: null,
  task: null,
  prompt: "",
  negative_prompt: "",
  style: null,
  values: {},
  seed: null,
  seedLocked: false,
  loras: [],
  pictures: {},
  mask: null,
  expand: null,
};

export const form = createKeptStore("darkroom.form", BLANK);

/** What the service says of the form as it stands: from a dry run, or from a submit that it refused. */
export const verdict = createStore({ errors: [], warnings: [], queue: null });

export function setForm(change) {
  form.set((now) => ({ ...now, ...(typeof change === "function" ? change(now) : change) }));
}

export function setValue(name, value) {
  form.set((now) => ({ ...now, values: { ...now.values, [name]: value } }));
}

export function errorOf(errors, name) {
  const found = errors.find(({ field }) => field === name || field.startsWith(`${name}.`));
  return found?.message;
}

/** The schema of what the model takes for the task at hand; without properties while it is unknown. */
export function findSchema(now, detail) {
  const task = detail ? findTask(now, detail.tasks) : null;
  return {
    task,
    properties: detail?.parameters[task]?.properties ?? {},
    required: detail?.parameters[task]?.required ?? [],
  };
}

/** The body of `POST /v1/jobs`: what the model takes, and of it only what was chosen. */
export function buildRequest(now, detail) {
  const { task, properties } = findSchema(now, detail);
  const takes = (name) => name in properties;
  const request = { model: detail.id };
  if (takes("prompt")) request.prompt = now.prompt;
  if (takes("negative_prompt") && now.negative_prompt.trim()) request.negative_prompt = now.negative_prompt;
  if (now.style && stylesFor(catalog.get(), detail.id, task).some(({ name }) => name === now.style))
    request.style = now.style;
  if (takes("seed") && now.seedLocked && now.seed !== null) request.seed = now.seed;
  const loras = now.loras.filter(({ id }) => properties.loras?.items.oneOf?.some(({ title }) => title === id));
  if (loras.length) request.loras = loras;
  Object.assign(request, pickPictures(now, properties));
  for (const [name, value] of Object.entries(now.values)) {
    const said = withoutBlanks(value);
    if (takes(name) && !("const" in properties[name]) && said !== undefined) request[name] = said;
  }
  if (task === "outpaint") dropSides(request);
  if (task !== findTask({ ...now, task: null }, detail.tasks)) request.task = task;
  return request;
}

function pickPictures(now, properties) {
  const picked = {};
  for (const [name, pictures] of Object.entries(now.pictures)) {
    if (!(name in properties) || !pictures.length) continue;
    picked[name] =
      pictures.length === 1 && !isListOnly(properties[name]) ? pictures[0].id : pictures.map(({ id }) => id);
  }
  if (now.mask && "mask_image" in properties && picked.image) picked.mask_image = now.mask.id;
  if (now.expand && "expand" in properties && picked.image) picked.expand = now.expand;
  return picked;
}

/** The size of an extended picture follows from it. */
function dropSides(request) {
  delete request.width;
  delete request.height;
}

const isListOnly = (property) => property.type === "array" && property.minItems > 1;

/** How many pictures a field takes. */
export function mostPictures(property) {
  if (!property) return 0;
  if (property.type === "array") return property.maxItems ?? 16;
  return property.anyOf ? Math.max(1, ...property.anyOf.map((one) => one.maxItems ?? 1)) : 1;
}
