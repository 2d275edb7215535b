// What a picture was made from, the same as code, and the boards that it is on.
import { call } from "../service/api.js";
import {
  Button,
  Dialog,
  formatBytes,
  formatSeconds,
  formatTime,
  html,
  toast,
  useEffect,
  useState,
} from "../shell/ui.js";
import { titleOf } from "../compose/parameter_titles.js";
import { BoardChoice } from "./board_choice.js";

export function PictureDetails({ item, onClose }) {
  const job = useJob(item.job_id);
  return html`<${Dialog} title="Details" onClose=${onClose}>
    <div class="details">
      <p class="details-words">${item.prompt ?? "This picture has no words."}</p>
      ${item.negative_prompt && html`<p class="muted">Without: ${item.negative_prompt}</p>`}
      <dl class="facts">${listFacts(item, job).map(
        ([name, value]) => html`<div
        key=${name}><dt>${name}</dt><dd>${value}</dd></div>`,
      )}</dl>
      ${job?.warnings.map((text) => html`<p class="notice" key=${text}>${text}</p>`)}
      <${BoardChoice} item=${item} />
      ${job && html`<${Code} job=${job} item=${item} />`}
    </div>
  <//>`;
}

function useJob(id) {
  const [job, setJob] = useState(null);
  useEffect(() => {
    call("GET", `/v1/jobs/${id}`).then(
      ({ data }) => setJob(data),
      (problem) => toast(problem.message, { kind: "wrong" }),
    );
  }, [id]);
  return job;
}

const NOT_LISTED = new Set([
  "prompt",
  "negative_prompt",
  "width",
  "height",
  "seed",
  "num_images",
  "output_format",
  "style",
]);

function listFacts(item, job) {
  const facts = [
    ["Model", item.model],
    ["Task", item.task],
    ["Style", item.style],
    ["Seed", item.seed],
    ["Size", `${item.width} × ${item.height}, ${formatBytes(item.byte_size)}`],
    [
      "Drawn",
      `${formatTime(item.created_at)}${job?.timings ? ` in ${formatSeconds(job.timings.render_ms / 1000)}` : ""}`,
    ],
    ["Kept until", item.expires_at && formatTime(item.expires_at)],
  ];
  const asked = Object.entries(job?.request ?? {}).filter(([name, value]) => !NOT_LISTED.has(name) && value !== null);
  return [
    ...facts,
    ...asked.map(([name, value]) => [titleOf(name), typeof value === "object" ? JSON.stringify(value) : String(value)]),
  ].filter(([, value]) => value !== null && value !== undefined && value !== "");
}

function Code({ job, item }) {
  const [tools, setTools] = useState(null);
  const [kind, setKind] = useState("curl");
  useEffect(() => {
    Promise.all([import("../pictures/copy_as.js"), import("../pictures/png_settings.js")]).then(([copy, settings]) =>
      setTools({ ...copy, ...settings }),
    );
  }, []);
  if (!tools) return null;
  const code = tools.copyAs(tools.settingsOf(job, item), kind);
  const copy = () =>
    copyText(code).then(
      () => toast("Copied"),
      () => toast("This browser does not let the page copy.", { kind: "wrong" }),
    );
  return html`<section class="code" aria-label="The same as code">
    <div class="code-head">
      <div class="segments" role="group" aria-label="Language">
        ${Object.entries(tools.COPY_KINDS).map(
          ([name, title]) => html`<button type="button" key=${name}
          aria-pressed=${name === kind}
          onClick=${() => setKind(name)}>${title}</button>`,
        )}
      </div>
      <${Button} icon="code" onClick=${copy}>Copy<//>
    </div>
    <pre tabindex="0">${code}</pre>
  </section>`;
}

/** Over plain HTTP browsers have no clipboard; a selected field can still be copied. */
async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = Object.assign(document.createElement("textarea"), { value: text });
  (document.querySelector("dialog[open]:last-of-type") ?? document.body).append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (!copied) throw new Error("not copied");
}
