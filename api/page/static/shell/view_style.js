// A view's own style sheet, loaded with its script: `await loadStyle("queue")` stands first in the view's file.

const loaded = new Map();

/** Resolves when the sheet is there, also if it is not: a view without its style is better than none. */
export function loadStyle(name) {
  if (!loaded.has(name)) loaded.set(name, append(new URL(`../style/${name}.css`, import.meta.url)));
  return loaded.get(name);
}

function append(address) {
  return new Promise((resolve) => {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href: address.href, onload: resolve, onerror: resolve });
    document.head.append(link);
  });
}
