// A picture that is dragged or pasted anywhere into the page: to start from, or to restore the settings that made it.
import { go } from "../shell/routes.js";
import { Icon, html, toast, useEffect, useState } from "../shell/ui.js";
import { applyRequest, sendPicture, startFrom } from "../state/apply_request.js";

export function DropZones() {
  const [dragged, setDragged] = useState(false);
  useEffect(() => {
    const enter = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files") && setDragged(true);
    const leave = (event) => event.relatedTarget === null && setDragged(false);
    const over = (event) => event.preventDefault();
    const end = (event) => {
      event.preventDefault();
      setDragged(false);
    };
    const paste = (event) => {
      const [picture] = findPictures(event.clipboardData);
      if (picture) useAsStart(picture);
    };
    const listeners = { dragenter: enter, dragleave: leave, dragover: over, drop: end, paste };
    for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener);
    };
  }, []);
  if (!dragged) return null;
  return html`<div class="drop-zones">
    <${Zone} icon="image" title="Start from this picture" onPicture=${useAsStart} />
    <${Zone} icon="reuse" title="Restore its settings" onPicture=${restore} />
  </div>`;
}

function Zone({ icon, title, onPicture }) {
  const [over, setOver] = useState(false);
  const drop = (event) => {
    const [picture] = findPictures(event.dataTransfer);
    if (picture) onPicture(picture);
    else toast("This is no picture.", { kind: "wrong" });
  };
  return html`<div class=${`drop-zone ${over ? "over" : ""}`} onDragEnter=${() => setOver(true)}
    onDragLeave=${() => setOver(false)} onDrop=${drop}>
    <${Icon} name=${icon} size=${32} /><span>${title}</span>
  </div>`;
}

async function useAsStart(file) {
  try {
    startFrom(await sendPicture(file));
    go("");
  } catch (problem) {
    toast(problem.message, { kind: "wrong" });
  }
}

/** Puts the settings of a Darkroom picture into the form. */
export async function restore(file) {
  const { readSettings } = await import("../pictures/png_settings.js");
  try {
    const request = await readSettings(file);
    if (!request) return toast("Nothing is known of how this picture was made.", { kind: "wrong" });
    await applyRequest(request);
    go("");
    toast("The settings of the picture are in the form");
  } catch (problem) {
    toast(problem.message, { kind: "wrong" });
  }
}

const findPictures = (transfer) => [...(transfer?.files ?? [])].filter(({ type }) => type.startsWith("image/"));
