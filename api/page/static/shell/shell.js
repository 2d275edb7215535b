// What stands around every view: the name, the ways to the views, the connection, and the switches.
import { connectionStore } from "../service/connection.js";
import { keyStore, signOut } from "../service/key.js";
import { isDark, isSimple, setMode, settings, switchScheme } from "../state/settings.js";
import { Button, Empty, Icon, html, useEffect, useState, useStore } from "./ui.js";
import { ROUTES, routeStore } from "./routes.js";
import { SignIn } from "./sign_in.js";
import { Toasts } from "./toasts.js";
import { useLive } from "./use_live.js";

export function Shell() {
  const key = useStore(keyStore);
  const route = useStore(routeStore);
  const now = useStore(settings);
  useLive(key);
  if (!key) return html`<${SignIn} /><${Toasts} />`;
  return html`<a class="skip" href="#view" onClick=${skip}>Skip to the view</a>
    <header class="bar">
      <a class="wordmark" href="#/"><span class="lamp" aria-hidden="true"></span>Darkroom</a>
      <nav class="views" aria-label="Views">
        ${ROUTES.map(
          ({ name, title, icon }) => html`<a href=${`#/${name}`} key=${name}
          aria-current=${name === route.name ? "page" : undefined}><${Icon} name=${icon} /><span>${title}</span></a>`,
        )}
      </nav>
      <div class="bar-end">
        ${route.name === "" && html`<${ModeSwitch} simple=${isSimple(now)} />`}
        <${Button} kind="quiet" icon=${isDark(now) ? "sun" : "moon"}
          label=${isDark(now) ? "Light colours" : "Dark colours"}
          onClick=${switchScheme} />
        <${Button} kind="quiet" icon="signout" label="Sign out" onClick=${signOut} />
      </div>
    </header>
    <${Connection} />
    <main id="view" tabindex="-1"><${View} route=${route} key=${route.name} /></main>
    <${Toasts} />`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("view").focus();
}

function ModeSwitch({ simple }) {
  return html`<div class="segments" role="group" aria-label="How much is shown">
    <button type="button" aria-pressed=${simple} onClick=${() => setMode("simple")}>Simple</button>
    <button type="button" aria-pressed=${!simple} onClick=${() => setMode("advanced")}>Advanced</button>
  </div>`;
}

function Connection() {
  const { reached, streams } = useStore(connectionStore);
  return html`<div class="connection" role="status">
    ${
      !reached &&
      html`<p class="lost"><${Icon} name="warning"
      size=${16} />Darkroom does not answer. Trying again…</p>`
    }
    ${reached && !streams && html`<p class="slow">Live events do not come through, so this page asks every second.</p>`}
  </div>`;
}

function View({ route }) {
  const [loaded, setLoaded] = useState(null);
  const described = ROUTES.find(({ name }) => name === route.name);
  useEffect(() => {
    document.title = `${described.title} · Darkroom`;
    let current = true;
    described.load().then(
      (view) => current && setLoaded({ view }),
      (error) => current && setLoaded({ error }),
    );
    return () => {
      current = false;
    };
  }, [described]);
  if (loaded?.error) return html`<${Empty} icon="warning" title="This view did not load">${loaded.error.message}<//>`;
  return loaded && html`<${loaded.view} rest=${route.rest} />`;
}
