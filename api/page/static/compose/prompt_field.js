// The words: underlined where the service recognises something, struck where the model does not read on, counted in tokens.
import { Field, Icon, html, useEffect, useRef, useState } from "../shell/ui.js";
import { promptHistory } from "../state/prompt_history.js";
import { setForm } from "../state/form.js";
import { splitMarks } from "./split_marks.js";
import { usePromptReport } from "./use_prompt_report.js";

export function PromptField({ now, error }) {
  const report = usePromptReport(now);
  const place = useRef(-1);
  const field = useRef();
  const type = (text) => setForm({ prompt: text });
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) field.current.focus();
  }, []);
  const press = (event) => {
    const next = event.key === "ArrowUp" ? place.current + 1 : event.key === "ArrowDown" ? place.current - 1 : null;
    const { prompts } = promptHistory.get();
    const recalled = place.current >= 0 && now.prompt === prompts[place.current];
    if (next === null || next >= prompts.length || (now.prompt && !recalled) || (next < 0 && !recalled)) return;
    event.preventDefault();
    place.current = Math.max(-1, next);
    type(prompts[next] ?? "");
  };
  return html`<${Field} name="prompt" label="Prompt" error=${error} aside=${html`<${Tokens} report=${report} />`}>
    ${(attributes) => html`<div class="prompt">
      <div class="prompt-marks" aria-hidden="true"><${Marks} text=${now.prompt} report=${report} /></div>
      <textarea ...${attributes} ref=${field} rows="4" maxlength="4000"
        placeholder="Describe the picture. ↑ brings back earlier ones."
        aria-keyshortcuts="Control+Enter" value=${now.prompt} onInput=${(event) => type(event.target.value)}
        onKeyDown=${press}></textarea>
    </div>`}
  <//>
  <${Advice} report=${report} />`;
}

/** The report is of the text that was sent: while somebody types on, only the part that is the same is marked. */
function Marks({ text, report }) {
  return splitMarks(text, report)
    .map(({ text: part, kind, title }, index) =>
      kind ? html`<mark key=${index} class=${kind} data-title=${title}>${part}</mark>` : part,
    )
    .concat("\n");
}

function Tokens({ report }) {
  const counts = report?.tokens?.filter(({ field }) => field === "prompt") ?? [];
  if (!counts.length) return null;
  const most = counts.reduce((a, b) => ((b.limit ?? 1e9) - b.tokens < (a.limit ?? 1e9) - a.tokens ? b : a));
  const over = most.tokens > most.read;
  const text = most.limit
    ? `${most.tokens} of ${most.limit} tokens`
    : `${most.tokens} token${most.tokens === 1 ? "" : "s"}`;
  return html`<span class=${`tokens ${over ? "over" : ""}`} title=${counts
    .map(({ tokenizer, tokens, read }) => `${tokenizer}: ${tokens} tokens, ${read} are read`)
    .join("\n")}>${text}${over ? ", the rest is not read" : ""}</span>`;
}

function Advice({ report }) {
  const [open, setOpen] = useState(false);
  const advice = report?.advice ?? [];
  if (!advice.length) return null;
  const shown = open ? advice : advice.slice(0, 1);
  return html`<div class="advice">
    <ul>${shown.map(
      ({ code, message }) => html`<li key=${code}><${Icon} name="create"
      size=${14} /><span>${inWordsOfThePage(message)}</span></li>`,
    )}</ul>
    ${
      advice.length > 1 &&
      html`<button type="button" class="link" aria-expanded=${open}
      onClick=${() => setOpen(!open)}>
      ${open ? "Less" : `${advice.length - 1} more`}</button>`
    }
  </div>`;
}

/** The service names fields as the API has them. */
const inWordsOfThePage = (message) => message.replaceAll("`negative_prompt`", "“Leave out”").replaceAll("`", "");
