// Where to look: all pictures, favourites, or a board; and making, renaming and deleting boards.
import { Confirm } from "../shell/confirm.js";
import { Menu } from "../shell/menu.js";
import { Button, Dialog, Field, Icon, html, toast, useEffect, useState, useStore } from "../shell/ui.js";
import { boards, deleteBoard, loadBoards, makeBoard, renameBoard } from "./boards.js";

/** `chosen` is "all", "favourites" or the id of a board. */
export function BoardList({ chosen, onChoose }) {
  const all = useStore(boards);
  const [open, setOpen] = useState(null);
  useEffect(() => void loadBoards().catch(say), []);
  const close = () => setOpen(null);
  const remove = (board) => deleteBoard(board.id).then(() => onChoose("all"), say);
  return html`<nav class="boards" aria-label="Boards">
    <${Place} icon="gallery" name="All pictures" chosen=${chosen === "all"} onChoose=${() => onChoose("all")} />
    <${Place} icon="star" name="Favourites" chosen=${chosen === "favourites"}
      onChoose=${() => onChoose("favourites")} />
    <h2 class="label">Boards</h2>
    ${(all ?? []).map(
      (board) => html`<div class="board" key=${board.id}>
      <${Place} icon="board" name=${board.name} count=${board.outputs} chosen=${chosen === board.id}
        onChoose=${() => onChoose(board.id)} />
      <${Menu} kind="quiet" icon="more" label=${`Board ${board.name}`} items=${[
        { icon: "code", title: "Rename", onChoose: () => setOpen({ name: "rename", board }) },
        { icon: "trash", title: "Delete the board", danger: true, onChoose: () => setOpen({ name: "delete", board }) },
      ]} />
    </div>`,
    )}
    <${Button} kind="quiet" class="board-new" icon="add" onClick=${() => setOpen({ name: "new" })}>New board<//>
    ${open?.name === "new" && html`<${NameDialog} title="New board" onName=${makeBoard} onClose=${close} />`}
    ${
      open?.name === "rename" &&
      html`<${NameDialog} title="Rename the board" begun=${open.board.name}
      onName=${(name) => renameBoard(open.board.id, name)} onClose=${close} />`
    }
    ${
      open?.name === "delete" &&
      html`<${Confirm} title=${`Delete the board ${open.board.name}?`}
      action="Delete the board"
      onClose=${close} onDo=${() => remove(open.board)}>The pictures on it stay.<//>`
    }
  </nav>`;
}

function Place({ icon, name, count, chosen, onChoose }) {
  return html`<button type="button" class="place" aria-current=${chosen ? "true" : undefined} onClick=${onChoose}>
    <${Icon} name=${icon} size=${16} /><span class="place-name">${name}</span>${
      count !== undefined &&
      html`<span
      class="count">${count}</span>`
    }
  </button>`;
}

/** Asks for a name; `onName` makes it so, and what it refuses stands at the field. */
export function NameDialog({ title, begun = "", onName, onClose }) {
  const [name, setName] = useState(begun);
  const [error, setError] = useState(null);
  const submit = async (event) => {
    event.preventDefault();
    try {
      await onName(name.trim());
      onClose();
    } catch (problem) {
      setError(problem.errors?.[0]?.message ?? problem.message);
    }
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form class="name-form" onSubmit=${submit}>
      <${Field} name="board-name" label="Name" error=${error}>
        ${(attributes) => html`<input ...${attributes} required maxlength="200" value=${name} autofocus
          onInput=${(event) => setName(event.target.value)} />`}
      <//>
      <div class="dialog-end"><${Button} kind="primary" type="submit" disabled=${!name.trim()}>Save<//></div>
    </form>
  <//>`;
}

const say = (problem) => toast(problem.message, { kind: "wrong" });
