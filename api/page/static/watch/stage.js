// What comes of it: the jobs that wait and run, and behind them the newest pictures.
import { Empty, html, useEffect, useState, useStore } from "../shell/ui.js";
import { PictureGrid } from "../gallery/picture_grid.js";
import { usePictureView } from "../gallery/use_picture_view.js";
import { jobs } from "../state/jobs.js";
import { closeList, loadMore, openList } from "../state/outputs.js";
import { Announcer } from "./announcer.js";
import { JobCards } from "./job_cards.js";

export function Stage() {
  const [list] = useState(() => openList({}));
  useEffect(() => () => closeList(list), [list]);
  const { items, complete } = useStore(list.store);
  const busy = useStore(jobs, (all) => all.length > 0);
  const { open, view } = usePictureView(list);
  return html`<section class="stage" aria-label="Pictures">
    <${Announcer} />
    <${JobCards} />
    ${
      items.length === 0 &&
      complete &&
      !busy &&
      html`<${Empty} icon="create" title="Nothing drawn yet">
      Describe a picture and press Render. It is drawn here, step by step.<//>`
    }
    <${PictureGrid} items=${items} onOpen=${open} onEnd=${() => loadMore(list)} />
    ${view}
  </section>`;
}
