// Lists of finished pictures, newest first: read page by page, with what lands put in front.
import { call } from "../service/api.js";
import { createStore } from "./store.js";

const PAGE = 100;
const lists = new Set();

/** `filters` are those of `GET /v1/outputs`. The store holds `{items, complete, loading, problem}`. */
export function openList(filters) {
  const list = {
    filters,
    cursor: null,
    ids: new Set(),
    store: createStore({ items: [], complete: false, loading: false, problem: null }),
  };
  lists.add(list);
  loadMore(list);
  return list;
}

export function closeList(list) {
  lists.delete(list);
}

export async function loadMore(list) {
  const { loading, complete } = list.store.get();
  if (loading || complete) return;
  list.store.set((now) => ({ ...now, loading: true, problem: null }));
  try {
    const query = { ...list.filters, limit: PAGE, cursor: list.cursor };
    const { data } = await call("GET", "/v1/outputs", { query });
    list.cursor = data.next_cursor;
    add(list, data.data, "end", { complete: data.next_cursor === null, loading: false });
  } catch (problem) {
    list.store.set((now) => ({ ...now, loading: false, problem }));
  }
}

/** Adds to every list what has landed since its newest picture. */
export function refreshLists() {
  for (const list of lists) if (list.filters.order !== "asc") refresh(list).catch(ignore);
}

/** Reads from the newest picture on, as far as one that the list has; of an empty list, one page. */
async function refresh(list) {
  const hadAny = list.ids.size > 0;
  const found = [];
  let cursor = null;
  do {
    const { data } = await call("GET", "/v1/outputs", { query: { ...list.filters, limit: PAGE, cursor } });
    found.push(...data.data);
    cursor = data.next_cursor;
  } while (hadAny && cursor !== null && !found.some(({ id }) => list.ids.has(id)));
  add(list, found, "front", {});
  // Something that ended later may have been shown by then.
  list.store.set((now) => ({ ...now, items: [...now.items].sort(byAge) }));
}

const byAge = (a, b) => Date.parse(b.created_at) - Date.parse(a.created_at);

/** The pictures of a job that has just succeeded go to the front of every list that they fit. */
export function land(job) {
  const outputs = listOutputs(job);
  for (const list of lists) {
    const fitting = outputs.filter((output) => fits(output, list.filters));
    if (fitting.length) add(list, fitting, "front", {});
  }
}

/** Shows a change at once, in every list. */
export function changeOutputs(ids, change) {
  const changed = new Set(ids);
  for (const { store } of lists) {
    store.set((now) => ({
      ...now,
      items: now.items.map((one) => (changed.has(one.id) ? { ...one, ...change(one) } : one)),
    }));
  }
}

/** Takes pictures out of every list; `isGone(output)` says which. */
export function removeOutputs(isGone) {
  for (const list of lists) {
    list.store.set((now) => ({ ...now, items: now.items.filter((one) => !isGone(one)) }));
  }
}

/** A fresh address for a picture whose own has expired. */
export async function refreshAddress(id) {
  const { data } = await call("GET", `/v1/outputs/${id}`);
  changeOutputs([id], () => ({ url: data.url, url_expires_at: data.url_expires_at }));
}

function add(list, outputs, where, more) {
  const fresh = outputs.filter(({ id }) => !list.ids.has(id));
  for (const { id } of fresh) list.ids.add(id);
  list.store.set((now) => ({
    ...now,
    ...more,
    items: where === "front" ? [...fresh, ...now.items] : [...now.items, ...fresh],
  }));
}

/** A finished job's pictures in the shape of `GET /v1/outputs`. */
function listOutputs(job) {
  return job.outputs
    .map((output, position) => ({ ...output, position }))
    .filter(({ url }) => url)
    .map((output) => ({
      ...output,
      job_id: job.id ?? job.job_id,
      prompt: job.request.prompt ?? null,
      negative_prompt: job.request.negative_prompt ?? null,
      model: job.model,
      task: job.task,
      style: job.style?.name ?? null,
      sweep: job.sweep?.id ?? null,
      favourite: false,
      boards: [],
      created_at: job.finished_at,
      expires_at: job.expires_at,
      landed: true,
    }));
}

/** As the service filters, as far as one look can say. */
function fits(output, { favourite, board, on_board: onBoard, prompt, order, created_before: before, ...same }) {
  if (favourite === true || board || onBoard === true || order === "asc" || before) return false;
  if (
    prompt &&
    !prompt
      .toLowerCase()
      .split(/\s+/)
      .every((word) => output.prompt?.toLowerCase().includes(word))
  )
    return false;
  return ["model", "task", "style", "sweep"].every((name) => !same[name] || same[name] === output[name]);
}

/** The shell shows that the service does not answer, and the next stream that opens catches up. */
function ignore() {}
