// One picture of a list, as large as the window, with what it was made from and what can be done with it.
import { Viewer } from "../pictures/viewer.js";
import { Confirm } from "../shell/confirm.js";
import { Menu } from "../shell/menu.js";
import { Button, html, toast, useEffect, useRef, useState, useStore } from "../shell/ui.js";
import { loadMore, refreshAddress } from "../state/outputs.js";
import { deleteJobs, setFavourite } from "./changes.js";
import { PictureDetails } from "./picture_details.js";
import { nameOf } from "./picture_names.js";
import { USES, readRequest, useAndShow } from "./use_picture.js";

export function PictureView({ list, start, onClose }) {
  const all = useStore(list.store, (now) => now.items);
  const first = useRef(all[0]?.id);
  // What lands in front of them would move the picture that somebody looks at.
  const items = all.slice(
    Math.max(
      0,
      all.findIndex(({ id }) => id === first.current),
    ),
  );
  const [details, setDetails] = useState(null);
  const [asked, setAsked] = useState(null);
  const pictures = items.map(toShown);
  useEffect(() => void loadMore(list), []);
  useEffect(() => {
    if (!items.length) onClose();
  }, [items.length]);
  const of = ({ id }) => items.find((item) => item.id === id);
  const use = (way, item) => {
    onClose();
    useAndShow(way, item);
  };
  const actions = (picture) => {
    const item = of(picture);
    return (
      item &&
      html`
      <${Button} kind="quiet" icon="star" filled=${item.favourite} pressed=${item.favourite}
        label=${item.favourite ? "No favourite any more" : "Favourite"} onClick=${() => setFavourite([item.id], !item.favourite)} />
      <${Menu} kind="primary" icon="reuse" label="Use this picture"
        items=${USES.map((way) => ({ ...way, onChoose: () => use(way, item) }))}>Use<//>
      <${Button} icon="menu" onClick=${() => setDetails(item.id)}>Details<//>
      <${Button} kind="quiet" icon="trash" label="Delete" onClick=${() => setAsked(item)} />`
    );
  };
  if (!items.length) return null;
  return html`<${Viewer} pictures=${pictures} start=${start} onClose=${onClose} actions=${actions}
      onGone=${({ id }) => refreshAddress(id).catch(() => toast("This picture is not there any more.", { kind: "wrong" }))} />
    ${
      details &&
      of({ id: details }) &&
      html`<${PictureDetails} item=${of({ id: details })}
      onClose=${() => setDetails(null)} />`
    }
    ${
      asked &&
      html`<${Confirm} title="Delete this picture?" action="Delete" onClose=${() => setAsked(null)}
      onDo=${() => deleteJobs([asked.job_id])}>${describeLoss(asked, items)}<//>`
    }`;
}

const toShown = (item) => ({
  id: item.id,
  url: item.url,
  width: item.width,
  height: item.height,
  label: item.prompt ?? "A picture without words",
  name: nameOf(item),
  settings: () => readRequest(item),
});

function describeLoss({ job_id: job }, items) {
  const count = items.filter((item) => item.job_id === job).length;
  const whole =
    count > 1 ? `Its job drew ${count} pictures, and all of them are deleted` : "The picture and its job are deleted";
  return `${whole}, here and in the store. This cannot be taken back.`;
}
