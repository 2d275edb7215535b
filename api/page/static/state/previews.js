// The latest preview of each running job, as an address of this tab: previews are read with the key, which an <img> cannot send.
import { call } from "../service/api.js";

const shown = new Map();
const reading = new Set();

/** Reads the preview and hands its address on. One read of a job at a time: what comes in between is newer anyway. */
export async function showPreview(id, url, onAddress) {
  if (reading.has(id)) return;
  reading.add(id);
  try {
    const path = url.slice(url.indexOf("/v1/"));
    const { data } = await call("GET", path, { as: "blob" });
    const before = shown.get(id);
    const address = URL.createObjectURL(data);
    shown.set(id, address);
    onAddress(address);
    // The one before may still be on screen until the next frame.
    if (before) setTimeout(() => URL.revokeObjectURL(before), 1_000);
  } catch {
    // It is gone, or the job has ended: the next one comes by itself.
  } finally {
    reading.delete(id);
  }
}

export function dropPreview(id) {
  const address = shown.get(id);
  if (!address) return;
  shown.delete(id);
  setTimeout(() => URL.revokeObjectURL(address), 1_000);
}
