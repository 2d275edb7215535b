// The API key: in the tab's session storage, and never in an address that a server sees.
import { createStore } from "../state/store.js";

const NAME = "darkroom.key";

export const keyStore = createStore(sessionStorage.getItem(NAME));

/** Takes the key out of `#key=dk_…` and leaves the address without it. */
export function takeKeyFromAddress() {
  const match = /^#key=([^&]+)/.exec(location.hash);
  if (!match) return;
  history.replaceState(null, "", `${location.pathname}${location.search}#/`);
  signIn(decodeURIComponent(match[1]));
}

export function signIn(key) {
  sessionStorage.setItem(NAME, key);
  keyStore.set(key);
}

export function signOut() {
  sessionStorage.removeItem(NAME);
  keyStore.set(null);
}
