// The grid of a sweep: a table with its axes as headings, whose cells fill as their jobs end.
import { Viewer } from "../pictures/viewer.js";
import { settingsOf } from "../pictures/png_settings.js";
import { go } from "../shell/routes.js";
import { Icon, html, useMemo, useState } from "../shell/ui.js";
import { applyRequest } from "../state/apply_request.js";
import { layOut, titleOf } from "./grid_layout.js";

const WORDS = { queued: "Waiting", running: "Drawing", failed: "Failed", cancelled: "Cancelled" };

/** `cells` are by position; `onGone` is called when a picture does not load, whose address may have expired. */
export function SweepGrid({ sweep, cells, onGone }) {
  const [open, setOpen] = useState(null);
  const { rows, columns } = useMemo(() => layOut(sweep.axes), [sweep.axes]);
  const pictures = listPictures(cells);
  const show = (position) => setOpen(pictures.findIndex((picture) => picture.position === position));
  const use = async ({ settings }) => {
    await applyRequest(settings());
    go("");
  };
  return html`<div class="sweep-scroll" tabindex="0" role="region" aria-label="The cells">
    <table class="sweep-grid">
      <thead>
        <tr><td></td>${columns.map((column, index) => html`<th scope="col" key=${index}>${titleOf(column)}</th>`)}</tr>
      </thead>
      <tbody>
        ${rows.map((row, down) => html`<tr key=${down}>
          <th scope="row"><span>${titleOf(row)}</span></th>
          ${columns.map((_, across) => html`<${Cell} key=${across} ...${{ cell: cells.get(down * columns.length + across), onGone }}
            title=${[titleOf(row), titleOf(columns[across])].filter(Boolean).join(" · ")} onOpen=${() => show(down * columns.length + across)} />`)}
        </tr>`)}
      </tbody>
    </table>
  </div>
  ${open !== null && pictures.length > 0 && html`<${Viewer} pictures=${pictures} start=${Math.max(0, open)} onClose=${() => setOpen(null)}
    onUse=${use} onGone=${onGone} />`}`;
}

function Cell({ cell, title, onOpen, onGone }) {
  const output = cell?.job?.outputs.find(({ url }) => url);
  if (output) {
    return html`<td><button type="button" class="cell" onClick=${onOpen} aria-label=${`Open ${title}`}>
      <img src=${output.url} alt="" width=${output.width} height=${output.height} loading="lazy" onError=${onGone} />
    </button></td>`;
  }
  const status = cell?.status ?? "queued";
  const reason = cell?.job?.failure?.message ?? (status === "succeeded" ? "The picture is gone." : "");
  return html`<td><div class=${`cell ${status}`} title=${reason}>
    ${status === "failed" && html`<${Icon} name="warning" />`}<span>${WORDS[status] ?? (cell.job ? "Gone" : "Done")}</span>
    ${reason && html`<span class="hidden-text">${reason}</span>`}
  </div></td>`;
}

/** The pictures that are there, in the order of the cells, for the viewer and for an archive. */
export function listPictures(cells) {
  return [...cells]
    .sort(([one], [other]) => one - other)
    .flatMap(([position, { job }]) =>
      (job?.outputs ?? []).filter(({ url }) => url).map((output, index) => {
        const label = Object.entries(job.sweep.cell).map(([name, value]) => titleOf([[name, value]])).join(" · ");
        const suffix = output.media_type.replace("image/", "").replace("jpeg", "jpg");
        const name = `${String(position + 1).padStart(3, "0")}${index ? `-${index + 1}` : ""}.${suffix}`;
        return { ...output, position, label: label || job.request.prompt, name, settings: () => settingsOf(job, output) };
      }),
    );
}
