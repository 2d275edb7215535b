// The workers, and what each has in hand: jobs of one model are drawn together.
import { html } from "../shell/ui.js";

export function Workers({ workers }) {
  if (!workers.length) return html`<p class="field-error">No worker is there, so nothing is drawn.</p>`;
  return html`<div class="workers-scroll" tabindex="0" role="region" aria-label="Workers">
    <table class="workers">
      <thead><tr>${["Worker", "State", "In hand", "In memory"].map((head) => html`<th scope="col" key=${head}>${head}</th>`)}</tr></thead>
      <tbody>${workers.map((worker) => html`<tr key=${worker.name}>
        <th scope="row">${worker.name}<span class="muted"> ${worker.pool}</span></th>
        <td>${stateOf(worker)}</td>
        <td>${worker.batches.map(({ model, jobs, mine }) => html`<p key=${model}>${`${model}: ${jobs} together, ${mine} of yours`}</p>`)}
          ${worker.slots !== null && html`<p class="muted">${`${countJobs(worker)} of ${worker.slots} slots`}</p>`}</td>
        <td>${worker.loaded.join(", ") || "–"}</td>
      </tr>`)}</tbody>
    </table>
  </div>`;
}

function stateOf({ live, draining, loading, batches }) {
  if (!live) return html`<span class="field-error">Lost</span>`;
  if (draining) return "Shuts down";
  if (loading.length) return `Loads ${loading.join(", ")}`;
  return batches.length ? "Draws" : "Free";
}

const countJobs = ({ batches }) => batches.reduce((sum, { jobs }) => sum + jobs, 0);
