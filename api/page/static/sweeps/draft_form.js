// A draft: the values that its axes have, more of them, and the run.
import { call } from "../service/api.js";
import { Button, html, useEffect, useState, useStore } from "../shell/ui.js";
import { catalog, loadCatalog, loadModel, stylesFor } from "../state/catalog.js";
import { readAxes, withoutEmpty } from "./axes.js";
import { AxisFields, NOTHING } from "./axis_fields.js";
import { wordOf } from "./grid_layout.js";
import { count, describeProblem, errorAt } from "./sweep_form.js";

export function DraftForm({ sweep, onChange }) {
  const [axes, setAxes] = useState(NOTHING);
  const [problem, setProblem] = useState(null);
  const [detail, setDetail] = useState(null);
  const known = useStore(catalog);
  useEffect(() => {
    if (!known.models) loadCatalog();
    loadModel(sweep.base.model).then(setDetail, setProblem);
  }, []);
  const task = sweep.base.task ?? detail?.tasks[0];
  const properties = detail?.parameters[task]?.properties ?? {};
  const read = readAxes(axes, properties);
  const send = async (path, json) => {
    try {
      await call("POST", `/v1/sweeps/${sweep.id}/${path}`, { json });
      setAxes(NOTHING);
      setProblem(null);
      await onChange();
    } catch (refused) {
      setProblem(refused);
    }
  };
  const append = (event) => {
    event.preventDefault();
    send("append", withoutEmpty(read.values));
  };
  return html`<div class="draft">
    <dl class="facts">${listAxes(sweep.axes).map(([name, values]) => html`<div key=${name}><dt>${wordOf(name)}</dt>
      <dd>${values.map(String).join(" · ")}</dd></div>`)}</dl>
    <${Button} kind="primary" icon="play" onClick=${() => send("finalise")}>${`Run ${count(sweep.cells)}`}<//>
    ${problem && html`<p class="field-error" role="alert">${describeProblem(problem)}</p>`}
    <form class="sweep-form" onSubmit=${append}>
      <h2>Add values</h2>
      <${AxisFields} axes=${axes} onChange=${setAxes} properties=${properties} styles=${stylesFor(known, sweep.base.model, task)}
        errorAt=${(field) => read.errors[field] ?? errorAt(problem, field)} />
      <${Button} type="submit" icon="add" disabled=${!read.factors.length}>Add to the draft<//>
    </form>
  </div>`;
}

function listAxes({ parameters, ...axes }) {
  return [...Object.entries(axes), ...Object.entries(parameters)].filter(([, values]) => values.length);
}
