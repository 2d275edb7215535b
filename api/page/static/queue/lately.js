// How it went lately: pictures' jobs that were drawn, and how long they had waited, over the last hour or day.
import { formatSeconds, html, useState } from "../shell/ui.js";
import { Plot } from "./plot.js";

const SPANS = { hour: "Hour", day: "Day" };
const NAMES = ["yours", "all"];

export function Lately({ figures }) {
  const [span, setSpan] = useState("hour");
  const { buckets, bucket_seconds: length } = figures[span];
  const each = length === 60 ? "minute" : formatSeconds(length);
  const read = (field) => buckets.map(({ start, [field]: { mine, all } }) => ({ at: start, values: [mine, all] }));
  return html`<section>
    <div class="queue-head">
      <h2>Lately</h2>
      <div class="segments" role="group" aria-label="How far back">${Object.entries(SPANS).map(([name, title]) => html`<button key=${name}
        type="button" aria-pressed=${span === name} onClick=${() => setSpan(name)}>${title}</button>`)}</div>
    </div>
    <div class="queue-plots">
      <${Plot} title=${`Jobs drawn in each ${each}`} names=${NAMES} points=${read("succeeded")} format=${(value) => String(value ?? 0)} />
      <${Plot} title="Wait before the first step" names=${NAMES} points=${read("wait_seconds")} format=${formatSeconds} />
    </div>
    <p class="plot-key muted"><span class="mine"></span>yours <span class="all"></span>all accounts</p>
  </section>`;
}
