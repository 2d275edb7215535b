// The account's jobs that run and wait, in the order of the queue, with why each waits and what can be done.
import { call } from "../service/api.js";
import { Button, formatSeconds, html, toast } from "../shell/ui.js";

/** `live` are the same jobs by id as the page follows them: steps come there first. */
export function RunningJobs({ jobs, live, onChange }) {
  if (!jobs.length) return html`<p class="muted">Nothing is being drawn.</p>`;
  return html`<ul class="queue-running">${jobs.map((job) => {
    const { progress, preview } = { ...job, ...live.get(job.id) };
    return html`<li key=${job.id}>
      <span class="queue-preview">${preview && html`<img src=${preview} alt="" />`}</span>
      <div>
        <p class="queue-prompt">${promptOf(job)}</p>
        <progress max="1" value=${progress.fraction} aria-label=${`Progress of ${promptOf(job)}`}></progress>
        <p class="muted">${describeRunning(job, progress)}</p>
      </div>
      <${Act} job=${job} icon="ban" label="Cancel" path="cancel" onChange=${onChange} />
    </li>`;
  })}</ul>`;
}

/** What waits of each model, of everybody, and the account's own jobs of it in their order. */
export function WaitingJobs({ groups, jobs, isPaused, onChange }) {
  if (!groups.length) return html`<p class="muted">Nothing waits.</p>`;
  return groups.map((group) => html`<section class="queue-group" key=${`${group.model} ${group.pool}`}>
    <h3>${group.model}<span class="muted">${` ${group.mine} of yours, ${group.all} in all`}</span></h3>
    <p class="queue-reason">${isPaused && group.mine ? "You have paused your jobs: Resume lets them start." : group.message}</p>
    <ol>${jobs.filter(({ model }) => model === group.model).map((job) => html`<li key=${job.id}>
      <span class="queue-place" title="Its place in the queue">${job.queue.position === null ? "–" : job.queue.position + 1}</span>
      <div class="queue-words">
        <p class="queue-prompt">${promptOf(job)}</p>
        ${job.queue.reason !== group.reason && html`<p class="muted">${job.queue.message}</p>`}
      </div>
      <span class="muted queue-eta">${job.queue.eta_seconds ? `about ${formatSeconds(job.queue.eta_seconds.p50)}` : ""}</span>
      <${Act} job=${job} icon="front" label="To the front" path="move" json=${{ to: "front" }} onChange=${onChange} />
      <${Act} job=${job} icon="end" label="To the end" path="move" json=${{ to: "end" }} onChange=${onChange} />
      <${Act} job=${job} icon="ban" label="Cancel" path="cancel" onChange=${onChange} />
    </li>`)}</ol>
  </section>`);
}

function Act({ job, icon, label, path, json, onChange }) {
  const act = async () => {
    try {
      await call("POST", `/v1/jobs/${job.id}/${path}`, { json });
    } catch (problem) {
      toast(problem.message, { kind: "wrong" });
    }
    onChange();
  };
  return html`<${Button} kind="quiet" icon=${icon} label=${`${label}: ${promptOf(job)}`} disabled=${job.cancel_requested_at} onClick=${act} />`;
}

const promptOf = ({ request, task }) => request.prompt || task;

function describeRunning({ model, queue, cancel_requested_at: cancelled }, { step, steps }) {
  if (cancelled) return "Stops at the next step";
  const rest = queue.eta_seconds ? `, about ${formatSeconds(queue.eta_seconds.p50)} left` : "";
  return queue.message ?? `${model}, step ${step} of ${steps}${rest}`;
}
