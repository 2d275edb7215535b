// Puts a request into the form: from a job, a picture's settings, or a program that hands one over.
import { call } from "../service/api.js";
import { form, setForm } from "./form.js";

const OWN = new Set([
  "model",
  "task",
  "prompt",
  "negative_prompt",
  "style",
  "seed",
  "loras",
  "expand",
  "mask_image",
  "size",
  "dry_run",
]);
const PICTURES = ["image", "control_image", "ip_adapter_image"];

/**
 * Everything that the request names, and nothing of what the form held before. The seed is kept, so that it draws the same.
 * `inputs` are those of the job, if it is known.
 */
export async function applyRequest(request, inputs = []) {
  const values = {};
  for (const [name, value] of Object.entries(request)) {
    if (!OWN.has(name) && !PICTURES.includes(name)) values[name] = value;
  }
  const sides = /^(\d+)x(\d+)$/.exec(request.size ?? "");
  if (sides) Object.assign(values, { width: Number(sides[1]), height: Number(sides[2]) });
  const pictures = {};
  for (const name of PICTURES) if (request[name]) pictures[name] = await findPictures(request[name], inputs);
  setForm((now) => ({
    model: request.model ?? now.model,
    task: request.task ?? null,
    prompt: request.prompt ?? "",
    negative_prompt: request.negative_prompt ?? "",
    style: request.style ?? null,
    values,
    seed: request.seed ?? null,
    seedLocked: request.seed !== undefined && request.seed !== null,
    loras: request.loras ?? [],
    pictures,
    mask: null,
    expand: request.expand ?? null,
  }));
  if (request.mask_image) setForm({ mask: (await findPictures(request.mask_image, inputs))[0] ?? null });
  return form.get();
}

/** The pictures that ids name, with an address to show them. One that is gone stays an id: the service says so at its field. */
function findPictures(ids, inputs) {
  return Promise.all(
    [ids].flat().map(async (id) => {
      const input = inputs.find((one) => one.id === id);
      return input
        ? toPicture(input)
        : findPicture(id).catch(() => toPicture({ id, url: null, width: null, height: null }));
    }),
  );
}

async function findPicture(id) {
  if (id.startsWith("file_")) return toPicture((await call("GET", `/v1/files/${id}`)).data);
  if (id.startsWith("art_")) return toPicture((await call("GET", `/v1/outputs/${id}`)).data);
  return { id, url: null, width: null, height: null };
}

const toPicture = ({ id, url, width, height }) => ({ id, url, width, height });

/** Starts from a picture: it takes the place of the one before, with its mask and edges. */
export function startFrom(picture) {
  setForm((now) => ({
    pictures: { ...now.pictures, image: [toPicture(picture)] },
    mask: null,
    expand: null,
    task: null,
    values: { ...now.values, width: null, height: null },
  }));
}

/** Sends a picture from this computer; the service checks and keeps it. */
export async function sendPicture(blob) {
  const { data } = await call("POST", "/v1/files", {
    body: blob,
    headers: { "Content-Type": blob.type || "application/octet-stream" },
  });
  return { ...toPicture(data), warnings: data.warnings };
}
