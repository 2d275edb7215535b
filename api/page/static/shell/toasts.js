// Short messages in a corner, which a screen reader says when they appear.
import { html } from "../vendor/htm_preact.js";
import { createStore, useStore } from "../state/store.js";

const SHOWN_MS = 6_000;
const toasts = createStore([]);
let last = 0;

/** `action` is the word of a button beside the text, `kind` "plain" or "wrong". */
export function toast(text, { kind = "plain", action, onAction } = {}) {
  const id = ++last;
  toasts.set((all) => [...all.slice(-3), { id, text, kind, action, onAction }]);
  setTimeout(() => dismiss(id), SHOWN_MS);
}

function dismiss(id) {
  toasts.set((all) => all.filter((one) => one.id !== id));
}

export function Toasts() {
  const all = useStore(toasts);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${all.map(
      ({ id, text, kind, action, onAction }) => html`<div class=${`toast ${kind}`} key=${id}>
      <span>${text}</span>
      ${action && html`<button type="button" onClick=${() => (dismiss(id), onAction())}>${action}</button>`}
    </div>`,
    )}
  </div>`;
}
