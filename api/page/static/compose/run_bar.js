// The button, ten of it, and the one that cancels everything.
import { Button, html, toast, useStore } from "../shell/ui.js";
import { cancelAll } from "../state/run.js";
import { isOpen, jobs } from "../state/jobs.js";
import { runAndSay, sending } from "./run_and_say.js";

export function RunBar({ model, now, properties }) {
  const busy = useStore(sending);
  const open = useStore(jobs, (all) => all.filter(isOpen).length);
  const wordless = Boolean(properties.prompt) && !now.prompt.trim();
  const off = busy || !model || !model.is_available || wordless;
  const stop = () =>
    cancelAll().then(
      () => toast("All of your jobs are cancelled"),
      (problem) => toast(problem.message, { kind: "wrong" }),
    );
  return html`<div class="run-bar">
    <div class="run-buttons">
      <${Button} kind="primary" class="run" disabled=${off} onClick=${() => runAndSay(1)}
        aria-keyshortcuts="Control+Enter">
        Render<kbd aria-hidden="true">Ctrl ↵</kbd>
      <//>
      <${Button} class="ten" label="Render ten times, each with another seed" disabled=${off}
        onClick=${() => runAndSay(10)}>×10<//>
    </div>
    ${open > 0 && html`<${Button} kind="danger" icon="ban" onClick=${stop}>Cancel all ${open}<//>`}
  </div>`;
}
