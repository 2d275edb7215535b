// Painting a mask over the picture, and continuing it beyond its edges.
import { Button, html, toast, useState } from "../shell/ui.js";
import { sendPicture } from "../state/apply_request.js";
import { setForm } from "../state/form.js";

export function PictureTools({ now, model, able, error }) {
  const [open, setOpen] = useState(null);
  const [image] = now.pictures.image;
  const close = () => setOpen(null);
  const show = async (name) => setOpen({ name, Tool: await TOOLS[name]() });
  const paint = async (blob) => {
    close();
    try {
      setForm({ mask: { ...(await sendPicture(blob)), blob }, expand: null, task: null });
    } catch (problem) {
      toast(problem.message, { kind: "wrong" });
    }
  };
  const extend = (expand) => {
    close();
    setForm({ expand: Object.values(expand).some(Boolean) ? expand : null, mask: null, task: null });
  };
  if (!image.width || (!able.mask && !able.expand)) return null;
  return html`<div class="picture-tools">
    ${
      able.mask &&
      html`<${Button} icon="mask" pressed=${Boolean(now.mask)} onClick=${() => show("mask")}>
      ${now.mask ? "Change the mask" : "Repaint a part"}<//>`
    }
    ${
      now.mask &&
      html`<${Button} kind="quiet" icon="close" label="Without the mask"
      onClick=${() => setForm({ mask: null })} />`
    }
    ${
      able.expand &&
      html`<${Button} icon="extend" pressed=${Boolean(now.expand)} onClick=${() => show("extend")}>
      ${now.expand ? describe(now.expand) : "Extend"}<//>`
    }
    ${
      now.expand &&
      html`<${Button} kind="quiet" icon="close" label="Without the extension"
      onClick=${() => setForm({ expand: null })} />`
    }
    ${error && html`<p class="field-error" role="alert">${error}</p>`}
    ${
      open?.name === "mask" &&
      html`<${open.Tool} image=${image}
      mask=${now.mask?.blob instanceof Blob ? now.mask.blob : undefined}
      onDone=${paint} onCancel=${close} />`
    }
    ${
      open?.name === "extend" &&
      html`<${open.Tool} image=${image} step=${model.size_step} maxWidth=${model.max_width}
      maxHeight=${model.max_height} expand=${now.expand ?? undefined} onDone=${extend} onCancel=${close} />`
    }
  </div>`;
}

const TOOLS = {
  mask: () => import("../pictures/mask_painter.js").then((module) => module.MaskPainter),
  extend: () => import("../pictures/extend_canvas.js").then((module) => module.ExtendCanvas),
};

function describe(expand) {
  const sides = Object.entries(expand)
    .filter(([, pixels]) => pixels)
    .map(([edge, pixels]) => `${edge} ${pixels}`);
  return `Extended: ${sides.join(", ")}`;
}
