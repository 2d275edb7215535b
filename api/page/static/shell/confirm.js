// Asking before something is lost.
import { Button, Dialog, html } from "./ui.js";

export function Confirm({ title, action, onDo, onClose, children }) {
  const act = () => {
    onClose();
    onDo();
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <p class="muted">${children}</p>
    <div class="dialog-end">
      <${Button} onClick=${onClose} autofocus>Keep<//>
      <${Button} kind="danger" icon="trash" onClick=${act}>${action}<//>
    </div>
  <//>`;
}
