// Opens a picture of a list in the view, and hands the view on to be drawn.
import { html, useState } from "../shell/ui.js";

/** `{open(index), view}`; the view's script is loaded when the first picture is opened. */
export function usePictureView(list) {
  const [shown, setShown] = useState(null);
  const open = async (index) => {
    const { PictureView } = await import("./picture_view.js");
    setShown({ PictureView, index, id: list.store.get().items[index]?.id });
  };
  const view =
    shown &&
    html`<${shown.PictureView} list=${list} start=${shown.index} key=${shown.id}
    onClose=${() => setShown(null)} />`;
  return { open, view };
}
