// How this browser shows the page: the colours, and Simple or Advanced.
import { createKeptStore } from "./store.js";

const SMALL = matchMedia("(max-width: 720px)");

/** `scheme` is "light", "dark" or null (as the system has it); `mode` is "simple", "advanced" or null (by the width). */
export const settings = createKeptStore("darkroom.settings", { scheme: null, mode: null });

export const isSimple = ({ mode }) => (mode ?? (SMALL.matches ? "simple" : "advanced")) === "simple";

export function setMode(mode) {
  settings.set((now) => ({ ...now, mode }));
}

export function switchScheme() {
  settings.set((now) => ({ ...now, scheme: isDark(now) ? "light" : "dark" }));
}

export const isDark = ({ scheme }) =>
  (scheme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

/** Keeps the root element's colours as chosen. */
export function applyScheme() {
  const apply = ({ scheme }) => {
    if (scheme) document.documentElement.dataset.scheme = scheme;
    else delete document.documentElement.dataset.scheme;
  };
  apply(settings.get());
  settings.subscribe(apply);
}
