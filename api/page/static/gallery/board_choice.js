// The boards that a picture is on, each with a switch.
import { html, useStore } from "../shell/ui.js";
import { boards } from "./boards.js";
import { addToBoard, removeFromBoard } from "./changes.js";

export function BoardChoice({ item }) {
  const all = useStore(boards);
  if (!all?.length) return null;
  const set = (board, on) => (on ? addToBoard([item.id], board) : removeFromBoard([item.id], board)).catch(() => {});
  return html`<fieldset class="board-choice">
    <legend class="label">Boards</legend>
    ${all.map(
      (board) => html`<label key=${board.id}><input type="checkbox" checked=${item.boards.includes(board.id)}
      onChange=${(event) => set(board, event.target.checked)} />${board.name}</label>`,
    )}
  </fieldset>`;
}
