// The small pieces that every view is made of.
import { html, useEffect, useRef } from "../vendor/htm_preact.js";
import { Icon } from "./icons.js";

export * from "../vendor/htm_preact.js";
export { createStore, createKeptStore, useStore } from "../state/store.js";
export { Icon } from "./icons.js";
export { toast } from "./toasts.js";
export { formatBytes, formatSeconds, formatTime } from "./formats.js";

/** `kind` is "primary", "quiet" (an icon or a word without a frame), "danger" or left out. An icon alone needs a `label`. */
export function Button({ kind = "plain", icon, label, pressed, children, class: extra, filled, ...rest }) {
  const alone = icon && !children;
  return html`<button type="button" class=${`button ${kind} ${alone ? "icon-alone" : ""} ${extra ?? ""}`}
    aria-label=${label} title=${alone ? label : undefined} aria-pressed=${pressed} ...${rest}>
    ${icon && html`<${Icon} name=${icon} filled=${filled} />`}${children && html`<span>${children}</span>`}
  </button>`;
}

/** A modal dialog. Escape, the cross and a click beside it call `onClose`; the focus returns to where it was. */
export function Dialog({ title, onClose, wide, children }) {
  const dialog = useRef();
  useEffect(() => {
    const before = document.activeElement;
    const element = dialog.current;
    element.showModal();
    return () => {
      // What is behind an open dialog takes no focus.
      element.close();
      before?.focus?.();
    };
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${dialog} class=${`dialog ${wide ? "wide" : ""}`} aria-label=${title} onCancel=${cancel}
    onClick=${(event) => event.target === dialog.current && onClose()}>
    <div class="dialog-body">
      <header class="dialog-head">
        <h2>${title}</h2>
        <${Button} kind="quiet" icon="close" label="Close" onClick=${onClose} />
      </header>
      ${children}
    </div>
  </dialog>`;
}

/** A label above its control, with what is wrong beneath. `children` is a function of the attributes for the control. */
export function Field({ name, label, hint, error, children, aside }) {
  const id = `field-${name}`;
  const describedBy = error ? `${id}-error` : hint ? `${id}-hint` : undefined;
  return html`<div class=${`field ${error ? "wrong" : ""}`}>
    <div class="field-head"><label for=${id}>${label}</label>${aside}</div>
    ${children({ id, name, "aria-invalid": error ? "true" : undefined, "aria-describedby": describedBy })}
    ${error && html`<p class="field-error" id=${`${id}-error`}>${error}</p>`}
    ${hint && !error && html`<p class="field-hint" id=${`${id}-hint`}>${hint}</p>`}
  </div>`;
}

/** What a view shows in place of nothing. */
export function Empty({ icon, title, children }) {
  return html`<div class="empty"><${Icon} name=${icon} size=${28} /><h2>${title}</h2><p>${children}</p></div>`;
}
