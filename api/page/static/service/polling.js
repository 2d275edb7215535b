// The same events without streams: long polls of one job or sweep, and the account's jobs looked at every second.
import { pause } from "./pause.js";

/** Asks for the events of a job or a sweep until it has ended or the time is over. */
export async function pollFinite({ path, call, place, onEvent, signal, forMs }) {
  const until = Date.now() + forMs;
  while (Date.now() < until && !signal.aborted) {
    try {
      const { data } = await call("GET", path, { query: { after: place.last ?? 0, wait: 10 }, signal });
      for (const event of data.data) onEvent(event.data);
      place.last = String(data.next_after);
      if (data.is_finished) {
        place.ended = true;
        return;
      }
    } catch {
      await pause(1000, signal);
    }
  }
}

/** Looks at the account's jobs, and makes events of what has changed; what somebody hands over comes as well. */
export async function pollAccount({ call, place, onEvent, signal, forMs }) {
  const until = Date.now() + forMs;
  const seen = (place.seen ??= new Map());
  while (Date.now() < until && !signal.aborted) {
    try {
      await lookAtJobs(call, seen, onEvent, signal);
      await lookForRecall(call, place, onEvent, signal);
    } catch {
      // Not reached just now, which the page shows: the next look finds what it has missed.
    }
    await pause(1000, signal);
  }
}

/** The newest jobs, and those that were open at the look before. `seen` holds for each job whether it has ended. */
async function lookAtJobs(call, seen, onEvent, signal) {
  const { data } = await call("GET", "/v1/jobs", { query: { limit: 50 }, signal });
  for (const job of data.data) show(job, seen, onEvent);
  const shown = new Set(data.data.map(({ id }) => id));
  for (const [id, ended] of seen) {
    if (!ended && !shown.has(id)) show((await call("GET", `/v1/jobs/${id}`, { signal })).data, seen, onEvent);
  }
}

function show(job, seen, onEvent) {
  if (seen.get(job.id)) return;
  seen.set(job.id, job.finished_at !== null);
  if (job.finished_at) return onEvent({ ...job, type: "finished", job_id: job.id });
  onEvent({ type: "job", job_id: job.id, job });
  if (job.status === "running" && job.progress.step > 1)
    onEvent({ type: "preview", job_id: job.id, url: `/v1/jobs/${job.id}/preview` });
}

async function lookForRecall(call, place, onEvent, signal) {
  const { data } = await call("GET", "/v1/recall", { query: { after: place.recall ?? 0 }, signal });
  if (place.recall !== undefined) for (const event of data.data) onEvent(event);
  place.recall = data.next_after ?? 0;
}
