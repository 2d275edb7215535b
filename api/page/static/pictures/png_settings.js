// What a picture was made from: read out of its file, or found by its bytes among the account's pictures.
//
// The service stores pixels alone. A PNG that this page downloads has its settings written into it, for this page and,
// as an infotext, for other programs. A picture that was saved in another way is known by its sha256.
import { call } from "../service/api.js";
import { buildInfotext, parseInfotext } from "./infotext.js";
import { readTexts, withTexts } from "./png_texts.js";

const KEYWORD = "darkroom";
const INFOTEXT_KEYWORD = "parameters";
const FIELD = /^[a-z][a-z0-9_]{0,63}$/;

/** The request of a dropped picture, or null if nothing is known of it. */
export async function readSettings(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return (await readWritten(bytes)) ?? (await findByBytes(bytes));
}

/** The PNG with the settings in it; any other file as it is. */
export async function writeSettings(blob, request) {
  if (blob.type !== "image/png") return blob;
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return withTexts(bytes, { [KEYWORD]: JSON.stringify(request), [INFOTEXT_KEYWORD]: buildInfotext(request) });
}

/** The request that draws this one output of a job again. */
export function settingsOf(job, output) {
  const request = { model: job.model, task: job.task, ...job.request, num_images: 1 };
  if (output?.seed !== undefined && output.seed !== null) request.seed = output.seed;
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== null));
}

async function readWritten(bytes) {
  const texts = await readTexts(bytes);
  const ours = parseRequest(texts.get(KEYWORD));
  if (ours) return ours;
  return texts.has(INFOTEXT_KEYWORD) ? parseInfotext(texts.get(INFOTEXT_KEYWORD)) : null;
}

function parseRequest(text) {
  let parsed;
  try {
    parsed = JSON.parse(text ?? "null");
  } catch {
    return null;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return null;
  return Object.fromEntries(Object.entries(parsed).filter(([name]) => FIELD.test(name)));
}

async function findByBytes(bytes) {
  // Browsers have digests in secure contexts alone: over HTTPS, and on this machine.
  if (!globalThis.crypto?.subtle) return null;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const [output] = (await call("GET", "/v1/outputs", { query: { sha256, limit: 1 } })).data.data;
  return output ? settingsOf((await call("GET", `/v1/jobs/${output.job_id}`)).data, output) : null;
}
