// A button that opens a list of actions. Arrows move in it, Escape closes it and returns to the button.
import { Button, Icon, html, useEffect, useRef, useState } from "./ui.js";

/** `items` are `{icon, title, onChoose, danger, off}`; what is false is left out. */
export function Menu({ icon, label, children, items, kind, up = false }) {
  const [open, setOpen] = useState(false);
  const root = useRef();
  const close = (back) => {
    setOpen(false);
    if (back) root.current.querySelector("button").focus();
  };
  useEffect(() => {
    if (!open) return;
    root.current.querySelector("[role=menuitem]")?.focus();
    const beside = (event) => !root.current.contains(event.target) && close(false);
    addEventListener("pointerdown", beside, true);
    return () => removeEventListener("pointerdown", beside, true);
  }, [open]);
  const press = (event) => {
    if (!open) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close(true);
    }
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const all = [...root.current.querySelectorAll("[role=menuitem]")];
    all[(all.indexOf(document.activeElement) + by + all.length) % all.length]?.focus();
  };
  const choose = (item) => {
    close(true);
    item.onChoose();
  };
  return html`<div class="menu" ref=${root} onKeyDown=${press}>
    <${Button} kind=${kind} icon=${icon} label=${label} aria-haspopup="menu" aria-expanded=${open}
      onClick=${() => setOpen(!open)}>${children}<//>
    ${
      open &&
      html`<div role="menu" class=${`menu-list ${up ? "up" : ""}`} aria-label=${label}>
      ${items.filter(Boolean).map(
        (item) => html`<button type="button" role="menuitem" key=${item.title}
        disabled=${item.off}
        class=${item.danger ? "danger" : ""} onClick=${() => choose(item)}>
        <${Icon} name=${item.icon} size=${16} /><span>${item.title}</span></button>`,
      )}
    </div>`
    }
  </div>`;
}
