// What is to be known before a run: what the workers lack, how long it will be, and what will have no effect.
import { Icon, formatSeconds, html, useStore } from "../shell/ui.js";
import { verdict } from "../state/form.js";

/** Errors of these fields stand at their controls; in Advanced, those of the model's other parameters as well. */
const AT_FIELDS = {
  simple: new Set(["prompt", "style", "width", "height", "image"]),
  advanced: new Set(["prompt", "negative_prompt", "style", "model", "seed", "width", "height"]),
};

export function Notices({ model, now, properties, simple }) {
  const { errors, warnings, queue } = useStore(verdict);
  const lacks = model && whatIsMissing(model);
  const elsewhere = errors.filter(({ field }) => !hasControl(field.split(".")[0], properties, simple));
  const unused =
    now.mask && !("mask_image" in properties) ? [`${model?.id} repaints nothing: the mask is not used.`] : [];
  const wait = queue?.reason === "no_capable_worker" ? null : describeWait(queue);
  return html`<div class="notices" role="status">
    ${lacks && html`<p class="notice serious"><${Icon} name="warning" size=${16} />${lacks}</p>`}
    ${
      !lacks &&
      queue?.reason === "no_capable_worker" &&
      html`<p class="notice serious"><${Icon} name="warning"
      size=${16} />${queue.message}</p>`
    }
    ${queue?.reason === "paused" && html`<p class="notice"><${Icon} name="warning" size=${16} />${queue.message}</p>`}
    ${elsewhere.map(
      ({ field, message }) => html`<p class="notice serious" key=${field}><${Icon} name="warning"
      size=${16} />${field}: ${message}</p>`,
    )}
    ${[...unused, ...warnings].map((text) => html`<p class="notice" key=${text}>${text}</p>`)}
    ${wait && html`<p class="notice quiet-notice">${wait}</p>`}
  </div>`;
}

function hasControl(name, properties, simple) {
  return simple ? AT_FIELDS.simple.has(name) : AT_FIELDS.advanced.has(name) || name in properties;
}

function whatIsMissing({ id, is_available: available, ready, reason }) {
  if (!available)
    return reason ?? `The weights of ${id} have not been fetched yet: darkroom-models fetch ${id} does it.`;
  return ready === false ? (reason ?? `No worker can draw with ${id} now.`) : null;
}

function describeWait(queue) {
  const eta = queue?.eta_seconds;
  if (!eta) return null;
  const before = queue.position ? `${queue.position} ${queue.position === 1 ? "job is" : "jobs are"} before it. ` : "";
  return `${before}Ready in about ${formatSeconds(eta.p50)}.`;
}
