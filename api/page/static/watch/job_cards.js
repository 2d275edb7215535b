// A card for each job that runs or waits: its preview, its step, and while it waits its place, the time and the reason.
import { Button, Icon, formatSeconds, html, toast, useStore } from "../shell/ui.js";
import { dismiss, isOpen, jobs } from "../state/jobs.js";
import { cancel, retry } from "../state/run.js";

/** More cards than these say nothing more. */
const SHOWN = 12;

export function JobCards() {
  const all = useStore(jobs);
  if (!all.length) return null;
  const ordered = [...all.filter(({ status }) => status === "failed"), ...all.filter(({ status }) => status === "running"),
    ...all.filter(({ status }) => status === "queued").reverse()];
  const more = ordered.length - SHOWN;
  return html`<ul class="jobs" aria-label="Jobs that wait or run">
    ${ordered.slice(0, SHOWN).map((job) => html`<li key=${job.id}>
      ${isOpen(job) ? html`<${OpenJob} job=${job} />` : html`<${FailedJob} job=${job} />`}</li>`)}
    ${more > 0 && html`<li class="jobs-more">${more} more wait</li>`}
  </ul>`;
}

function OpenJob({ job }) {
  const { progress, preview, landed } = job;
  const { width, height, prompt } = job.request;
  const running = job.status === "running";
  const picture = landed?.[0]?.url ?? preview;
  const stop = () => cancel(job.id).catch((problem) => toast(problem.message, { kind: "wrong" }));
  return html`<article class=${`job ${job.status}`} aria-label=${prompt ?? job.task}>
    <div class="job-picture" style=${{ aspectRatio: `${width ?? 1} / ${height ?? 1}` }}>
      ${picture ? html`<img src=${picture} alt=${`Preview of: ${prompt ?? job.task}`} />` : html`<span class=${`lamp ${running ? "lit" : ""}`} aria-hidden="true"></span>`}
      <${Button} kind="quiet" class="over" icon="close" label=${`Cancel: ${prompt ?? job.task}`} disabled=${Boolean(job.cancel_requested_at)} onClick=${stop} />
      <progress class="job-progress" max="1" value=${progress?.fraction ?? 0} aria-label="Progress"></progress>
    </div>
    <p class="job-words">${prompt ?? job.task}</p>
    <p class="job-state">${describe(job, running)}</p>
  </article>`;
}

function FailedJob({ job }) {
  const again = () => retry(job.id).then(() => dismiss(job.id), (problem) => toast(problem.message, { kind: "wrong" }));
  return html`<article class="job failed" aria-label=${`Failed: ${job.request?.prompt ?? job.task}`}>
    <div class="job-picture"><${Icon} name="warning" size=${24} /><p>${job.failure?.message}</p></div>
    <p class="job-words">${job.request?.prompt ?? job.task}</p>
    <p class="job-actions">
      ${job.failure?.retryable && html`<${Button} onClick=${again}>Try again<//>`}
      <${Button} kind="quiet" onClick=${() => dismiss(job.id)}>Dismiss<//>
    </p>
  </article>`;
}

function describe({ cancel_requested_at: stopping, progress, queue }, running) {
  const eta = queue?.eta_seconds ? `about ${formatSeconds(queue.eta_seconds.p50)}` : null;
  if (stopping) return "Stopping…";
  if (running) return joined(progress?.steps ? `Step ${progress.step ?? 0} of ${progress.steps}` : "Beginning", eta && `${eta} left`);
  const place = REASONS[queue?.reason] ?? (queue?.position ? `${queue.position} before it` : "Next");
  return joined(place, eta);
}

const joined = (...parts) => parts.filter(Boolean).join(" · ");

const REASONS = {
  no_capable_worker: "No worker can draw it now",
  loading_model: "The model is being loaded",
  fetching_pictures: "Its pictures are being fetched",
  retrying: "Waits before its next try",
  account_limit: "Another of your jobs has to end first",
  paused: "Paused",
};
