// The models and styles of the service, and the whole of each model that was asked for.
import { call } from "../service/api.js";
import { createStore } from "./store.js";

export const catalog = createStore({ models: null, styles: [], details: {} });

export async function loadCatalog() {
  const [models, styles] = await Promise.all([call("GET", "/v1/models"), call("GET", "/v1/styles")]);
  catalog.set((now) => ({ ...now, models: models.data.data, styles: styles.data.data }));
}

/** The model with its parameters; asked for again after a minute, because workers come and go. */
export async function loadModel(id) {
  const known = catalog.get().details[id];
  if (known && Date.now() - known.readAt < 60_000) return known;
  const { data } = await call("GET", `/v1/models/${encodeURIComponent(id)}`);
  const detail = { ...data, readAt: Date.now() };
  catalog.set((now) => ({ ...now, details: { ...now.details, [id]: detail } }));
  return detail;
}

/** The styles that fit a model and a task. */
export function stylesFor({ styles }, model, task) {
  return styles.filter((style) => style.models[model]?.includes(task));
}
