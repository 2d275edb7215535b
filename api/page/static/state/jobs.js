// The account's jobs that have not ended, and those that failed while the page looked on: found again after a reload, on any
// device, and kept up to date by the account's events.
import { call } from "../service/api.js";
import { followAccount } from "../service/events.js";
import { dropPreview, showPreview } from "./previews.js";
import { land, refreshLists } from "./outputs.js";
import { createStore } from "./store.js";

/** Newest first. Each as a read shows it, with `preview` (an address of this tab) and `landed` (its outputs so far). */
export const jobs = createStore([]);

/** What a program hands over: the shell puts it into the form. */
export const recalls = createStore(null);

const LOOK_MS = 2_500;
const FIELDS =
  "id,status,model,task,request,style,progress,queue,sweep,created_at,started_at,cancel_requested_at,failure,finished_at";

/** Follows until the returned function is called. */
export function followJobs() {
  const stopFollowing = followAccount(take, catchUp);
  look().catch(ignore);
  const timer = setInterval(() => {
    if (!document.hidden && jobs.get().some(isOpen)) look().catch(ignore);
  }, LOOK_MS);
  return () => {
    stopFollowing();
    clearInterval(timer);
    for (const { id } of jobs.get()) dropPreview(id);
    jobs.set([]);
  };
}

export const isOpen = ({ status }) => status === "queued" || status === "running";

/** A job that this page has just sent, before its events come. */
export function addJob(job) {
  change(job.id, job);
}

export function dismiss(id) {
  jobs.set((all) => all.filter((job) => job.id !== id));
}

/** Finds what was submitted, and what ended, while no stream brought it. */
function catchUp() {
  look().catch(ignore);
  refreshLists();
}

/** Reads the open jobs: their places, times and reasons; what is not among them any more has ended, and is read once. */
async function look() {
  const { data } = await call("GET", "/v1/jobs", {
    query: { status: ["queued", "running"], fields: FIELDS, limit: 100 },
  });
  const open = new Set(data.data.map(({ id }) => id));
  const gone = data.next_cursor ? [] : jobs.get().filter((job) => isOpen(job) && !open.has(job.id) && isOlder(job));
  for (const job of data.data) change(job.id, job);
  for (const { id } of gone)
    call("GET", `/v1/jobs/${id}`).then(
      ({ data: job }) => end(job),
      () => dismiss(id),
    );
}

/** A job that was added while the list was on its way is not gone. */
const isOlder = ({ created_at: at }) => Date.now() - Date.parse(at) > 2 * LOOK_MS;

const TAKE = {
  queued: ({ job_id: id }) => find(id) ?? lookSoon(),
  position: ({ job_id: id, position }) => change(id, (job) => ({ queue: { ...job.queue, position } })),
  started: ({ job_id: id, steps }) =>
    change(id, (job) => ({
      status: "running",
      progress: { ...job.progress, steps },
      started_at: job.started_at ?? new Date().toISOString(),
    })),
  step: ({ job_id: id, step, steps, fraction }) =>
    change(id, { status: "running", progress: { step, steps, fraction } }),
  preview: ({ job_id: id, url }) => find(id) && showPreview(id, url, (preview) => change(id, { preview })),
  output: ({ job_id: id, ...output }) => change(id, (job) => ({ landed: [...(job.landed ?? []), preload(output)] })),
  retrying: ({ job_id: id }) => change(id, { status: "queued", landed: [] }),
  finished: (event) => end(event),
  job: ({ job }) => change(job.id, job),
  recall: (event) => recalls.set(event),
};

function take(event) {
  TAKE[event.type]?.(event);
}

function end(job) {
  const id = job.id ?? job.job_id;
  dropPreview(id);
  if (job.status === "succeeded") land(job);
  if (job.status === "failed" && find(id)) change(id, job);
  else dismiss(id);
}

const find = (id) => jobs.get().find((job) => job.id === id);

/** `made` is what changes, or a function of the job that returns it. A whole job that is new is added. */
function change(id, made) {
  jobs.set((all) => {
    const at = all.findIndex((job) => job.id === id);
    if (at < 0) {
      if (typeof made === "function" || !made.id || made.finished_at) return all;
      return [made, ...all].sort((a, b) => (a.id < b.id ? 1 : -1));
    }
    const next = [...all];
    next[at] = { ...all[at], ...(typeof made === "function" ? made(all[at]) : made) };
    return next;
  });
}

let soon = null;

function lookSoon() {
  soon ??= setTimeout(() => {
    soon = null;
    look().catch(ignore);
  }, 150);
}

/** So that the picture is in the browser's memory when its job ends. */
function preload(output) {
  new Image().src = output.url;
  return output;
}

/** The connection's state is shown by the shell, and the next look comes by itself. */
function ignore() {}
