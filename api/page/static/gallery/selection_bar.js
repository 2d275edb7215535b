// What can be done with the selected pictures.
import { Confirm } from "../shell/confirm.js";
import { Menu } from "../shell/menu.js";
import { Button, Dialog, html, toast, useEffect, useState, useStore } from "../shell/ui.js";
import { NameDialog } from "./board_list.js";
import { boards, loadBoards, makeBoard } from "./boards.js";
import { addToBoard, deleteJobs, removeFromBoard, setFavourite } from "./changes.js";
import { nameOf } from "./picture_names.js";
import { readRequest } from "./use_picture.js";

export function SelectionBar({ items, selection, place }) {
  const all = useStore(boards);
  const [open, setOpen] = useState(null);
  const [progress, setProgress] = useState(null);
  const chosen = items.filter(({ id }) => selection.ids.has(id));
  useEffect(() => {
    const press = (event) => event.key === "Escape" && !document.querySelector("dialog[open]") && selection.clear();
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  if (!chosen.length) return null;
  const ids = chosen.map(({ id }) => id);
  const jobs = [...new Set(chosen.map(({ job_id: id }) => id))];
  const starred = chosen.every(({ favourite }) => favourite);
  const board = all?.find(({ id }) => id === place);
  const put = (one) => addToBoard(ids, one).then(loadBoards, () => {});
  const remove = async () => {
    await deleteJobs(jobs);
    selection.clear();
  };
  const download = () =>
    zip(chosen, setProgress).catch((error) =>
      toast(`The pictures did not download. ${error.message}`, { kind: "wrong" }),
    );
  return html`<div class="selection" role="toolbar" aria-label="Selected pictures">
    <span class="selection-count" role="status">${progress ?? `${chosen.length} selected`}</span>
    <${Button} kind="quiet" icon="star" filled=${starred} label=${starred ? "No favourites any more" : "Favourites"}
      onClick=${() => setFavourite(ids, !starred)} />
    <${Menu} kind="quiet" icon="board" label="Put on a board" up items=${[
      ...(all ?? []).map((one) => ({ icon: "board", title: one.name, onChoose: () => put(one) })),
      board && {
        icon: "close",
        title: `Take off ${board.name}`,
        onChoose: () => removeFromBoard(ids, board).then(loadBoards, () => {}),
      },
      { icon: "add", title: "New board…", onChoose: () => setOpen("board") },
    ]} />
    <${Button} kind="quiet" icon="compare" label="Compare two" disabled=${chosen.length !== 2}
      onClick=${() => setOpen("compare")} />
    <${Button} kind="quiet" icon="download" label=${chosen.length > 1 ? "Download as zip" : "Download"}
      onClick=${download} />
    <${Button} kind="quiet" icon="trash" label="Delete" onClick=${() => setOpen("delete")} />
    <${Button} kind="quiet" icon="close" label="Select nothing" onClick=${selection.clear} />
    ${
      open === "board" &&
      html`<${NameDialog} title="New board" onName=${async (name) => put(await makeBoard(name))}
      onClose=${() => setOpen(null)} />`
    }
    ${
      open === "compare" &&
      chosen.length === 2 &&
      html`<${CompareDialog} pictures=${chosen}
      onClose=${() => setOpen(null)} />`
    }
    ${
      open === "delete" &&
      html`<${Confirm}
      title=${`Delete ${chosen.length === 1 ? "this picture" : `${chosen.length} pictures`}?`} action="Delete"
      onClose=${() => setOpen(null)} onDo=${remove}>
      ${jobs.length === 1 ? "Their job is" : `Their ${jobs.length} jobs are`} deleted with all of their pictures, here and in the store. This cannot be taken back.<//>`
    }
  </div>`;
}

function CompareDialog({ pictures, onClose }) {
  const [Compare, setCompare] = useState(null);
  useEffect(() => {
    import("../pictures/compare.js").then((module) => setCompare(() => module.Compare));
  }, []);
  const [left, right] = pictures.map((one) => ({ ...one, label: `${one.prompt ?? "Picture"} (seed ${one.seed})` }));
  return html`<${Dialog} title="Compare" wide onClose=${onClose}>${
    Compare &&
    html`<${Compare} left=${left}
    right=${right} />`
  }<//>`;
}

/** One picture as a file, several as an archive. */
async function zip(chosen, setProgress) {
  const { downloadPicture, downloadZip } = await import("../pictures/download.js");
  const pictures = chosen.map((one) => ({ url: one.url, name: nameOf(one), settings: () => readRequest(one) }));
  if (pictures.length === 1) return downloadPicture(pictures[0]);
  try {
    await downloadZip(pictures, "darkroom-pictures.zip", (done, all) => setProgress(`${done} of ${all}`));
  } finally {
    setProgress(null);
  }
}
