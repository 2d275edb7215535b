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

async function lookAtJobs(call, seen, onEvent, signal) {
  const { data } = await call("GET", "/v1/jobs", { query: { status: ["queued", "running"], limit: 100 }, signal });
  const open = new Map(data.data.map((job) => [job.id, job]));
  for (const job of open.values()) {
    const before = seen.get(job.id);
    seen.set(job.id, job);
    if (!before) onEvent({ type: "queued", job_id: job.id, model: job.model, task: job.task });
    onEvent({ type: "job", job_id: job.id, job });
  }
  for (const id of [...seen.keys()].filter((id) => !open.has(id))) {
    const { data: job } = await call("GET", `/v1/jobs/${id}`, { signal });
    seen.delete(id);
    if (job.finished_at) onEvent({ ...job, type: "finished", job_id: id });
  }
}

async function lookForRecall(call, place, onEvent, signal) {
  const { data } = await call("GET", "/v1/recall", { query: { after: place.recall ?? 0 }, signal });
  if (place.recall !== undefined) for (const event of data.data) onEvent(event);
  place.recall = data.next_after ?? 0;
}
