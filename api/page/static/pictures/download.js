// Pictures onto the user's disk: one as a file, many as an archive, PNGs with the settings that made them.
import { makeZip } from "./zip.js";
import { writeSettings } from "./png_settings.js";

const AT_A_TIME = 6;

/** A picture is `{url, name, settings?}`; `settings()` reads the request that made it. Throws if the store does not answer. */
export async function downloadPicture(picture) {
  saveBlob(await fetchPicture(picture), nameOf(picture));
}

/** `onProgress(done, all)` is called for each that has arrived. */
export async function downloadZip(pictures, name, onProgress = () => {}) {
  const files = Array(pictures.length);
  let next = 0;
  let done = 0;
  const fetchNext = async () => {
    while (next < pictures.length) {
      const index = next++;
      files[index] = { name: nameOf(pictures[index]), blob: await fetchPicture(pictures[index]) };
      onProgress(++done, pictures.length);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, fetchNext));
  saveBlob(await makeZip(files), name);
}

export function saveBlob(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  Object.assign(link, { href: address, download: name });
  link.click();
  // Not at once: the browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

async function fetchPicture({ url, settings }) {
  // The address is signed, and no cookie or key goes along.
  const response = await fetch(url, { credentials: "omit", referrerPolicy: "no-referrer" });
  if (!response.ok) throw new Error(`The store answered with status ${response.status}.`);
  const blob = await response.blob();
  return settings ? writeSettings(blob, await settings()) : blob;
}

function nameOf({ name, label, url }) {
  if (name) return name;
  const suffix = /\.(png|jpe?g|webp)$/i.exec(new URL(url, location.href).pathname)?.[0] ?? ".png";
  return `${(label ?? "picture").slice(0, 60).replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "picture"}${suffix}`;
}
