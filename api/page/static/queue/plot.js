// A small plot over time, drawn by hand: a bar for what is one's own, a mark for all. The same numbers stand in a table.
import { formatTime, html } from "../shell/ui.js";

const HEIGHT = 72;
const BAR = 10;

/** `points` are `[{at, values: [bar, mark]}]`, oldest first, with null for nothing; `names` are those of the two values. */
export function Plot({ title, names, points, format }) {
  const largest = Math.max(0, ...points.flatMap(({ values }) => values));
  const y = (value) => HEIGHT - (value / (largest || 1)) * (HEIGHT - 4);
  const last = points.at(-1)?.values ?? [];
  const said = names.map((name, index) => `${name} ${format(last[index])}`).join(", ");
  return html`<figure class="plot">
    <figcaption><h3>${title}</h3><span class="muted">${largest ? `at most ${format(largest)}` : "nothing yet"}</span></figcaption>
    <svg viewBox=${`0 0 ${points.length * BAR} ${HEIGHT}`} preserveAspectRatio="none" role="img"
      aria-label=${`${title}. Now: ${said}. At most: ${format(largest)}.`}>
      ${points.map(({ values: [bar, mark] }, index) => html`
        ${bar > 0 && html`<rect x=${index * BAR + 1} y=${y(bar)} width=${BAR - 2} height=${HEIGHT - y(bar)} />`}
        ${mark > 0 && html`<rect class="mark" x=${index * BAR + 1} y=${y(mark)} width=${BAR - 2} height="2" />`}`)}
    </svg>
    <p class="plot-ends muted"><span>${points.length ? formatTime(points[0].at) : ""}</span><span>now</span></p>
    <details>
      <summary>As a table</summary>
      <div class="plot-table" tabindex="0" role="region" aria-label=${`${title}, as a table`}>
        <table>
          <thead><tr><th scope="col">From</th>${names.map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
          <tbody>${points.filter(({ values }) => values.some(Boolean)).reverse().map(({ at, values }) => html`<tr key=${at}>
            <th scope="row">${formatTime(at)}</th>${values.map((value, index) => html`<td key=${index}>${format(value)}</td>`)}
          </tr>`)}</tbody>
        </table>
      </div>
    </details>
  </figure>`;
}
