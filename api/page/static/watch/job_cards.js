// A card for each job that runs or waits: its preview, its step, and while it waits its place, the time and the reason.
import { Button, Icon, formatSeconds, html, toast, useStore } from "../shell/ui.js";
import { dismiss, jobs } from "../state/jobs.js";
import { cancel, retry } from "../state/run.js";

/** Longer lists than these say nothing more. */
const RUNNING_SHOWN = 12;
const WAITING_SHOWN = 30;

export function JobCards() {
  const all = useStore(jobs);
  if (!all.length) return null;
  const failed = all.filter(({ status }) => status === "failed");
  const running = all.filter(({ status }) => status === "running");
  const waiting = all.filter(({ status }) => status === "queued").sort(byPlace);
  return html`<ul class="jobs" aria-label="Jobs that wait or run">
    ${failed.map((job) => html`<li key=${job.id}><${FailedJob} job=${job} /></li>`)}
    ${running.slice(0, RUNNING_SHOWN).map((job) => html`<li key=${job.id}><${RunningJob} job=${job} /></li>`)}
    ${waiting.length > 0 && html`<li class="waiting" key="waiting"><${Waiting} jobs=${waiting} /></li>`}
  </ul>`;
}

const byPlace = (a, b) => (a.queue?.position ?? 1e9) - (b.queue?.position ?? 1e9) || (a.id < b.id ? -1 : 1);

const stop = ({ id }) => cancel(id).catch((problem) => toast(problem.message, { kind: "wrong" }));

const wordsOf = (job) => job.request?.prompt ?? job.task;

function RunningJob({ job }) {
  const { progress, preview, landed } = job;
  const ratio = (job.request.width ?? 1) / (job.request.height ?? 1);
  const picture = landed?.[0]?.url ?? preview;
  return html`<article class="job" aria-label=${wordsOf(job)}
    style=${{ "--ratio": Math.min(2.5, Math.max(0.5, ratio)) }}>
    <div class="job-picture">
      ${
        picture
          ? html`<img src=${picture} alt=${`Preview of: ${wordsOf(job)}`} />`
          : html`<span class="lamp lit"
        aria-hidden="true"></span>`
      }
      <${Button} kind="quiet" class="over" icon="close" label=${`Cancel: ${wordsOf(job)}`}
        disabled=${Boolean(job.cancel_requested_at)}
        onClick=${() => stop(job)} />
      <progress class="job-progress" max="1" value=${progress?.fraction ?? 0} aria-label="Progress"></progress>
    </div>
    <p class="job-words">${wordsOf(job)}</p>
    <p class="job-state">${describe(job)}</p>
  </article>`;
}

function Waiting({ jobs: waiting }) {
  const more = waiting.length - WAITING_SHOWN;
  return html`<h2 class="label">${waiting.length} ${waiting.length === 1 ? "waits" : "wait"}</h2>
    <ol tabindex="0" aria-label="Jobs that wait">
      ${waiting.slice(0, WAITING_SHOWN).map(
        (job) => html`<li key=${job.id}>
        <span class="waiting-words">${wordsOf(job)}</span><span class="job-state">${describe(job)}</span>
        <${Button} kind="quiet" icon="close" label=${`Cancel: ${wordsOf(job)}`} onClick=${() => stop(job)} />
      </li>`,
      )}
      ${more > 0 && html`<li class="muted">and ${more} more</li>`}
    </ol>`;
}

function FailedJob({ job }) {
  const again = () =>
    retry(job.id).then(
      () => dismiss(job.id),
      (problem) => toast(problem.message, { kind: "wrong" }),
    );
  return html`<article class="job failed" aria-label=${`Failed: ${wordsOf(job)}`}>
    <div class="job-picture"><${Icon} name="warning" size=${24} /><p>${job.failure?.message}</p></div>
    <p class="job-words">${wordsOf(job)}</p>
    <p class="job-actions">
      ${job.failure?.retryable && html`<${Button} onClick=${again}>Try again<//>`}
      <${Button} kind="quiet" onClick=${() => dismiss(job.id)}>Dismiss<//>
    </p>
  </article>`;
}

function describe({ status, cancel_requested_at: stopping, progress, queue }) {
  const eta = queue?.eta_seconds ? `about ${inWhole(queue.eta_seconds.p50)}` : null;
  if (stopping) return "Stopping…";
  if (status === "running")
    return joined(progress?.steps ? `${progress.step ?? 0} / ${progress.steps}` : "Beginning", eta);
  return joined(REASONS[queue?.reason] ?? (queue?.position ? `${queue.position} before it` : "Next"), eta);
}

/** An estimate is no better than a second. */
const inWhole = (seconds) => (seconds < 10 ? `${Math.ceil(seconds)} s` : formatSeconds(seconds));

const joined = (...parts) => parts.filter(Boolean).join(" · ");

const REASONS = {
  no_capable_worker: "No worker can draw it now",
  loading_model: "The model is being loaded",
  fetching_pictures: "Its pictures are being fetched",
  retrying: "Waits before its next try",
  account_limit: "Another of your jobs has to end first",
  paused: "Paused",
};
