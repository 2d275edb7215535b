// A new sweep: its axes, what all cells have in common, and how many cells that makes.
import { call, newIdempotencyKey } from "../service/api.js";
import { go } from "../shell/routes.js";
import { Button, Field, createKeptStore, html, useEffect, useRef, useState, useStore } from "../shell/ui.js";
import { catalog, loadCatalog, loadModel, stylesFor } from "../state/catalog.js";
import { buildRequest, findSchema, form } from "../state/form.js";
import { AxisFields, NOTHING } from "./axis_fields.js";
import { readAxes, withoutEmpty } from "./axes.js";
import { wordOf } from "./grid_layout.js";

/** Kept in this browser, as the form of single pictures is. */
const typed = createKeptStore("darkroom.sweep", { ...NOTHING, name: "" });

export function SweepForm() {
  const axes = useStore(typed);
  const now = useStore(form);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const key = useRef(newIdempotencyKey());
  const detail = useModel(now);
  if (!detail) return null;

  const { task, properties: own } = findSchema(now, detail);
  const properties = { ...own, model: { enum: catalog.get().models.filter((model) => model.is_available).map(({ id }) => id) } };
  const read = readAxes(axes, properties);
  const base = buildBase(buildRequest(now, detail), read.values);
  const send = async (draft) => {
    setBusy(true);
    try {
      const json = { ...withoutEmpty(read.values), base, name: axes.name, draft };
      const { data } = await call("POST", "/v1/sweeps", { json, headers: { "Idempotency-Key": key.current } });
      go(`sweeps/${data.id}`);
    } catch (refused) {
      setProblem(refused);
      setBusy(false);
      // What is changed now is another request.
      key.current = newIdempotencyKey();
    }
  };
  const isEmpty = read.factors.length === 0 && !base.prompt;
  return html`<form class="sweep-form" onSubmit=${(event) => (event.preventDefault(), send(false))}>
    <h2>New sweep</h2>
    <${AxisFields} axes=${axes} onChange=${(change) => (setProblem(null), typed.set(change))} properties=${properties}
      styles=${stylesFor(catalog.get(), detail.id, task)} errorAt=${(field) => read.errors[field] ?? errorAt(problem, field)} />
    <${Field} name="name" label="Title of the contact sheet" error=${errorAt(problem, "name")}>
      ${(attributes) => html`<input ...${attributes} value=${axes.name} maxlength="200" autocomplete="off"
        onInput=${(event) => typed.set({ ...axes, name: event.target.value })} />`}
    <//>
    <${Common} base=${base} />
    <p class="sweep-count" role="status">${describe(read)}</p>
    ${problem && html`<p class="field-error" role="alert">${describeProblem(problem)}</p>`}
    <div class="sweep-send">
      <${Button} kind="primary" type="submit" disabled=${busy || isEmpty || Object.keys(read.errors).length > 0}>
        ${`Run ${count(read.cells)}`}
      <//>
      <${Button} disabled=${busy || isEmpty} onClick=${() => send(true)}>Keep as a draft<//>
    </div>
  </form>`;
}

function Common({ base }) {
  const shown = Object.entries(base).filter(([, value]) => value !== null && value !== "");
  return html`<div class="field">
    <div class="field-head"><span class="label">All cells have</span><a class="field-hint" href="#/">Change in Create</a></div>
    <ul class="facts">${shown.map(([name, value]) => html`<li key=${name}><span>${wordOf(name)}</span> ${showValue(value)}</li>`)}</ul>
  </div>`;
}

function useModel({ model }) {
  const { models, details } = useStore(catalog);
  useEffect(() => {
    if (!models) loadCatalog();
  }, []);
  const id = (models?.find((one) => one.id === model) ?? models?.find((one) => one.is_default) ?? models?.[0])?.id;
  useEffect(() => {
    if (id) loadModel(id);
  }, [id]);
  return details[id];
}

/** The request of the form without what is on an axis. */
function buildBase(request, { prompts, styles, seeds, parameters }) {
  const base = { ...request };
  const isSet = { prompt: prompts.length, style: styles.length, seed: typeof seeds === "number" || seeds.length };
  for (const name of Object.keys(base)) if (isSet[name] || name in parameters) delete base[name];
  if ("size" in parameters || "aspect_ratio" in parameters) for (const side of ["width", "height"]) delete base[side];
  return base;
}

export function errorAt(problem, field) {
  const found = problem?.errors.find((error) => error.field === field || error.field.startsWith(`${field}[`));
  return found?.message;
}

/** What is wrong, with the errors that no field shows. */
export function describeProblem(problem) {
  const further = problem.errors.filter(({ field }) => /^base|^(name|metadata)?$/.test(field));
  return [problem.message, ...further.map(({ field, message }) => `${field}: ${message}`)].join(" ");
}

function describe({ factors, cells }) {
  const several = factors.filter(([, size]) => size > 1);
  if (several.length < 2) return count(cells);
  return `${several.map(([name, size]) => `${size} ${wordOf(name)}`).join(" × ")} = ${count(cells)}`;
}

export const count = (cells) => `${cells} ${cells === 1 ? "cell" : "cells"}`;

const showValue = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value));
