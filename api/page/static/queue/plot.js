// A small plot of bars over time, drawn by hand, with the same numbers as a table.
import { formatTime, html } from "../shell/ui.js";

const HEIGHT = 72;
const BAR = 10;

/** `points` are `[{at, values: [number | null, …]}]`, oldest first; the first value is a bar, further ones lines above it. */
export function Plot({ title, names, points, format }) {
  const largest = Math.max(...points.flatMap(({ values }) => values.map((value) => value ?? 0)), 0);
  const top = largest || 1;
  const width = points.length * BAR;
  const y = (value) => HEIGHT - (value / top) * (HEIGHT - 4);
  const last = points.at(-1)?.values ?? [];
  return html`<figure class="plot">
    <figcaption><h3>${title}</h3><span class="muted">${`at most ${format(largest)}`}</span></figcaption>
    <svg viewBox=${`0 0 ${width} ${HEIGHT}`} preserveAspectRatio="none" role="img"
      aria-label=${`${title}: ${names.map((name, index) => `${name} ${format(last[index] ?? 0)}`).join(", ")} at last, ${format(largest)} at most.`}>
      ${points.map(({ values }, index) => values.map((value, line) => (value === null || value === undefined || value === 0) ? null : line === 0
        ? html`<rect x=${index * BAR + 1} y=${y(value)} width=${BAR - 2} height=${HEIGHT - y(value)} rx="1" />`
        : html`<rect class="mark" x=${index * BAR + 1} y=${y(value)} width=${BAR - 2} height="2" />`))}
    </svg>
    <p class="plot-ends muted"><span>${points.length ? formatTime(points[0].at) : ""}</span><span>now</span></p>
    <details>
      <summary>As a table</summary>
      <div class="plot-table" tabindex="0" role="region" aria-label=${`${title}, as a table`}>
        <table>
          <thead><tr><th scope="col">Time</th>${names.map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
          <tbody>${points.filter(({ values }) => values.some(Boolean)).reverse().map(({ at, values }) => html`<tr key=${at}>
            <th scope="row">${formatTime(at)}</th>${names.map((name, index) => html`<td key=${name}>${format(values[index])}</td>`)}
          </tr>`)}</tbody>
        </table>
      </div>
    </details>
  </figure>`;
}
