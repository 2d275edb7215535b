// Sending the form: once or ten times, cancelling, and asking what a run would be before it is sent.
import { Problem, call, newIdempotencyKey } from "../service/api.js";
import { pause } from "../service/pause.js";
import { loadModel } from "./catalog.js";
import { buildRequest, form, setForm, verdict } from "./form.js";
import { addJob, isOpen, jobs } from "./jobs.js";
import { rememberPrompt } from "./prompt_history.js";

const TRIES = 4;

/** Sends the form `times` times, each with a seed of its own. Returns how many were accepted; field errors stand in `verdict`. */
export async function run(times = 1) {
  const now = form.get();
  const request = buildRequest(now, await loadModel(now.model));
  rememberPrompt(now.prompt);
  const bodies = Array.from({ length: times }, (_, index) => withSeed(request, index));
  const outcomes = await Promise.allSettled(bodies.map(submit));
  const accepted = outcomes.filter(({ status }) => status === "fulfilled").map(({ value }) => value);
  const refused = outcomes.find(({ status }) => status === "rejected")?.reason;
  for (const job of accepted) addJob(job);
  if (accepted.length && !now.seedLocked) setForm({ seed: accepted[0].request.seed ?? null });
  verdict.set({
    errors: refused instanceof Problem ? refused.errors : [],
    warnings: accepted[0]?.warnings ?? [],
    queue: null,
  });
  if (refused) throw refused;
  return accepted.length;
}

/** A job counts once, however often it has to be sent: a lost connection and a full queue are tried again. */
async function submit(body) {
  const headers = { "Idempotency-Key": newIdempotencyKey() };
  for (let number = 1; ; number += 1) {
    try {
      return (await call("POST", "/v1/jobs", { json: body, headers })).data;
    } catch (problem) {
      if (![0, 503].includes(problem.status) || number === TRIES) throw problem;
      await pause((problem.retryAfter ?? number) * 1000);
    }
  }
}

function withSeed(request, index) {
  if (request.seed === undefined || index === 0) return request;
  return { ...request, seed: request.seed + index * (request.num_images ?? 1) };
}

/** What the form as it stands would be: its errors, warnings, cost and place in the queue. Nothing is sent. */
export async function tryOut(signal) {
  const now = form.get();
  const request = buildRequest(now, await loadModel(now.model));
  try {
    const { data } = await call("POST", "/v1/jobs", { json: { ...request, dry_run: true }, signal });
    verdict.set({ errors: [], warnings: data.warnings, queue: data.queue, cost: data.cost });
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 422)
      verdict.set({ errors: problem.errors, warnings: [], queue: null });
  }
}

export const cancel = (id) => call("POST", `/v1/jobs/${id}/cancel`);

/** The newest of this page's jobs that has not ended. */
export function cancelNewest() {
  const newest = jobs.get().find((job) => isOpen(job) && !job.cancel_requested_at);
  return newest ? cancel(newest.id) : null;
}

/** All jobs of the account that wait or run. */
export async function cancelAll() {
  let more = true;
  while (more) more = (await call("POST", "/v1/jobs/cancel", { json: { all: true } })).data.has_more;
}

/** A failed job once more, as a new one. */
export async function retry(id) {
  addJob((await call("POST", `/v1/jobs/${id}/retry`)).data);
}
