// One sweep: how far it is, its grid, and what can be done with it.
import { downloadPicture, downloadZip } from "../pictures/download.js";
import { call } from "../service/api.js";
import { go } from "../shell/routes.js";
import { Button, Empty, html, toast, useState } from "../shell/ui.js";
import { DraftForm } from "./draft_form.js";
import { listCommon, titleOf } from "./grid_layout.js";
import { count } from "./sweep_form.js";
import { SweepGrid, listPictures } from "./sweep_grid.js";
import { useSweep } from "./use_sweep.js";

export function SweepPage({ id }) {
  const { sweep, cells, problem, reload } = useSweep(id);
  if (problem && !sweep) return html`<${Empty} icon="warning" title="This sweep cannot be shown">${problem.message}<//>`;
  if (!sweep) return null;
  const title = titleOfSweep(sweep);
  return html`<section class="sweep-page">
    <header class="sweep-head">
      <div>
        <a href="#/sweeps">All sweeps</a>
        <h1>${title}</h1>
        <p class="muted"><span role="status">${describe(sweep)}</span>${listCommon(sweep.axes).map((one) => ` · ${titleOf([one])}`)}</p>
      </div>
      <${Acts} ...${{ sweep, cells, title, reload }} />
    </header>
    ${sweep.status === "draft"
      ? html`<${DraftForm} sweep=${sweep} onChange=${reload} />`
      : html`<progress max=${sweep.cells} value=${countEnded(sweep)} aria-label="Cells that have ended"></progress>
        <${SweepGrid} sweep=${sweep} cells=${cells} onGone=${reload} />`}
  </section>`;
}

function Acts({ sweep, cells, title, reload }) {
  const [busy, setBusy] = useState(null);
  const act = (name, work) => async () => {
    setBusy(name);
    try {
      await work();
    } catch (error) {
      toast(error.message, { kind: "wrong" });
    }
    setBusy(null);
  };
  const cancel = act("cancel", async () => (await call("POST", `/v1/sweeps/${sweep.id}/cancel`), reload()));
  const remove = act("remove", async () => {
    if (!confirm(`Delete ${title} with its pictures?`)) return;
    await call("DELETE", `/v1/sweeps/${sweep.id}`);
    go("sweeps");
  });
  const zip = act("zip", () => downloadZip(listPictures(cells), `${title}.zip`));
  const sheet = act("sheet", () => downloadPicture({ url: sweep.contact_sheet.url, name: `${title}.png` }));
  const isRunning = sweep.status === "running";
  return html`<div class="sweep-acts">
    ${sweep.contact_sheet?.url && html`<${Button} icon="download" disabled=${busy} onClick=${sheet}>Contact sheet<//>`}
    ${sweep.counts.succeeded > 0 && html`<${Button} icon="download" disabled=${busy} onClick=${zip}>${busy === "zip" ? "Collecting…" : "All as zip"}<//>`}
    ${isRunning && html`<${Button} icon="ban" disabled=${busy || sweep.cancel_requested_at} onClick=${cancel}>Cancel<//>`}
    ${!isRunning && html`<${Button} kind="danger" icon="trash" disabled=${busy} onClick=${remove}>Delete<//>`}
  </div>`;
}

export const titleOfSweep = ({ name, axes, base }) => name || axes.prompts[0] || base.prompt || "Sweep";

export const countEnded = ({ counts }) => counts.succeeded + counts.failed + counts.cancelled;

/** "Draft of 8 cells", "3 of 8 cells drawn, 1 failed". */
export function describe(sweep) {
  if (sweep.status === "draft") return `Draft of ${count(sweep.cells)}`;
  const { succeeded, failed, cancelled, running } = sweep.counts;
  const parts = [`${succeeded} of ${count(sweep.cells)} drawn`];
  if (running) parts.push(`${running} being drawn`);
  if (failed) parts.push(`${failed} failed`);
  if (cancelled) parts.push(`${cancelled} cancelled`);
  return parts.join(", ");
}
