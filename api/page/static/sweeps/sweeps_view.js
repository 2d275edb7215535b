// The sweeps of the account beside the form for a new one; or, by its id in the address, one of them.
import { call } from "../service/api.js";
import { Button, Empty, formatTime, html, useEffect, useState } from "../shell/ui.js";
import { loadStyle } from "../shell/view_style.js";
import { SweepForm } from "./sweep_form.js";
import { SweepPage, countEnded, describe, titleOfSweep } from "./sweep_page.js";

await loadStyle("sweeps");

const REFRESH_MS = 4_000;

export function SweepsView({ rest }) {
  if (rest) return html`<${SweepPage} id=${rest} key=${rest} />`;
  return html`<div class="sweeps"><h1 class="hidden-text">Sweeps</h1><${SweepForm} /><${SweepList} /></div>`;
}

function SweepList() {
  const [{ sweeps, cursor, problem }, setState] = useState({ sweeps: null, cursor: null, problem: null });
  const load = (after) =>
    call("GET", "/v1/sweeps", { query: { limit: 24, cursor: after } }).then(
      ({ data }) => setState((now) => ({ sweeps: after ? [...now.sweeps, ...data.data] : data.data, cursor: data.next_cursor, problem: null })),
      (failed) => setState((now) => ({ ...now, problem: failed })),
    );
  const isMoving = sweeps?.some(({ status }) => status === "running");
  useEffect(() => void load(), []);
  useEffect(() => {
    if (!isMoving) return undefined;
    const timer = setInterval(load, REFRESH_MS);
    return () => clearInterval(timer);
  }, [isMoving]);
  if (!sweeps) return problem ? html`<${Empty} icon="warning" title="The sweeps cannot be shown">${problem.message}<//>` : html`<div></div>`;
  if (!sweeps.length) return html`<${Empty} icon="sweep" title="No sweep yet">Try one prompt in many ways, side by side.<//>`;
  return html`<section class="sweep-list" aria-label="Your sweeps">
    <ul>${sweeps.map((sweep) => html`<li key=${sweep.id}><${Card} sweep=${sweep} /></li>`)}</ul>
    ${cursor && html`<${Button} onClick=${() => load(cursor)}>Older sweeps<//>`}
  </section>`;
}

function Card({ sweep }) {
  const sheet = sweep.contact_sheet?.url;
  return html`<a class="sweep-card" href=${`#/sweeps/${sweep.id}`}>
    <span class="sweep-sheet">${sheet && html`<img src=${sheet} alt="" loading="lazy" />`}</span>
    <strong>${titleOfSweep(sweep)}</strong>
    <span class="muted">${describe(sweep)} · ${formatTime(sweep.created_at)}</span>
    ${sweep.status === "running" && html`<progress max=${sweep.cells} value=${countEnded(sweep)} aria-label="Cells that have ended"></progress>`}
  </a>`;
}
