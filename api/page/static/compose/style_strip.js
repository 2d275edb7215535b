// Styles as a strip of pictures to choose from.
import { html, useEffect, useState } from "../shell/ui.js";
import { call } from "../service/api.js";
import { setForm } from "../state/form.js";

export function StyleStrip({ styles, chosen, error }) {
  const choose = (name) => setForm({ style: name });
  return html`<fieldset class="styles">
    <legend class="label">Style</legend>
    <div class="strip" role="radiogroup" aria-label="Style">
      <${Chip} title="None" checked=${!chosen} onChoose=${() => choose(null)}><span
        class="style-picture none"></span><//>
      ${styles.map(
        (style) => html`<${Chip} key=${style.name} title=${style.title} about=${style.description}
        checked=${style.name === chosen} onChoose=${() => choose(style.name)}><${Thumbnail} style=${style} /><//>`,
      )}
    </div>
    ${error && html`<p class="field-error" role="alert">${error}</p>`}
  </fieldset>`;
}

function Chip({ title, about, checked, onChoose, children }) {
  return html`<label class="chip" title=${about}>
    <input type="radio" name="style" class="hidden-text" checked=${checked} onChange=${onChoose} />
    ${children}<span class="chip-title">${title}</span>
  </label>`;
}

/** A built-in style has a picture of ours; an account's own shows the newest picture drawn with it, or its first letter. */
function Thumbnail({ style }) {
  const [url, setUrl] = useState(
    style.is_built_in ? new URL(`../style/thumbnails/${style.name}.svg`, import.meta.url).href : null,
  );
  useEffect(() => {
    if (style.is_built_in) return;
    call("GET", "/v1/outputs", { query: { style: style.name, limit: 1 } }).then(
      ({ data }) => data.data.length && setUrl(data.data[0].url),
      () => {},
    );
  }, [style.name]);
  if (!url) return html`<span class="style-picture letter" aria-hidden="true">${style.title.slice(0, 1)}</span>`;
  return html`<img class="style-picture" src=${url} alt="" width="64" height="64" loading="lazy"
    onError=${() => setUrl(null)} />`;
}
