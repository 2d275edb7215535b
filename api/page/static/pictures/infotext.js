// Settings as AUTOMATIC1111's web UI and its kin write them under a picture, and what they are called here.

const SAMPLERS = {
  Euler: "euler",
  "Euler a": "euler_ancestral",
  DDIM: "ddim",
  DDPM: "ddpm",
  Heun: "heun",
  DPM2: "kdpm2",
  "DPM2 a": "kdpm2_ancestral",
  "DPM++ 2M": "dpmpp_2m",
  "DPM++ 2M Karras": "dpmpp_2m_karras",
  "DPM++ 2M SDE": "dpmpp_2m_sde",
  "DPM++ 2M SDE Karras": "dpmpp_2m_sde_karras",
  "DPM++ 2S": "dpmpp_2s",
  "Euler Karras": "euler_karras",
  LCM: "lcm",
  PLMS: "pndm",
  UniPC: "unipc",
};

const NUMBERS = { Steps: "num_inference_steps", "CFG scale": "guidance_scale", Seed: "seed" };

/** A request out of such a text, or null if it is none. What has no counterpart here is left out. */
export function parseInfotext(text) {
  const lines = text.replace(/\r\n?/g, "\n").trim().split("\n");
  const settings = readPairs(lines.at(-1));
  if (!("Steps" in settings)) return null;
  const words = lines.slice(0, -1).join("\n");
  const [prompt, ...negative] = words.split(/^Negative prompt:/m);
  const request = { ...takeLoras(prompt.trim()) };
  if (negative.length) request.negative_prompt = negative.join("Negative prompt:").trim();
  for (const [theirs, ours] of Object.entries(NUMBERS)) {
    if (theirs in settings && Number.isFinite(Number(settings[theirs]))) request[ours] = Number(settings[theirs]);
  }
  const size = /^(\d+)x(\d+)$/.exec(settings.Size ?? "");
  if (size) [request.width, request.height] = [Number(size[1]), Number(size[2])];
  const scheduler = findScheduler(settings);
  if (scheduler) request.scheduler = scheduler;
  // They count the layers from 1, diffusers from 0.
  if (Number(settings["Clip skip"]) > 1) request.clip_skip = Number(settings["Clip skip"]) - 1;
  return request;
}

/** The text for other programs that read pictures. */
export function buildInfotext(request) {
  const loras = (request.loras ?? []).map(({ id, scale }) => ` <lora:${id}:${scale ?? 1}>`).join("");
  const lines = [`${request.prompt ?? ""}${loras}`];
  if (request.negative_prompt) lines.push(`Negative prompt: ${request.negative_prompt}`);
  const sampler = Object.keys(SAMPLERS).find((name) => SAMPLERS[name] === request.scheduler);
  const settings = {
    Steps: request.num_inference_steps,
    Sampler: sampler ?? request.scheduler,
    "CFG scale": request.guidance_scale,
    Seed: request.seed,
    Size: request.width && request.height ? `${request.width}x${request.height}` : undefined,
    Model: request.model,
    "Denoising strength": request.strength,
    "Clip skip": request.clip_skip ? request.clip_skip + 1 : undefined,
  };
  const said = Object.entries(settings).filter(([, value]) => value !== undefined && value !== null);
  return [...lines, said.map(([name, value]) => `${name}: ${value}`).join(", ")].join("\n");
}

function readPairs(line) {
  const pairs = (line ?? "").matchAll(/\s*([\w +-]+):\s*("(?:\\.|[^"])*"|[^,]*)(?:,|$)/g);
  return Object.fromEntries([...pairs].map(([, name, value]) => [name.trim(), value.trim()]));
}

function findScheduler({ Sampler: sampler, "Schedule type": schedule }) {
  return SAMPLERS[`${sampler} ${schedule}`] ?? SAMPLERS[sampler] ?? (/^[a-z0-9_]+$/.test(sampler ?? "") ? sampler : null);
}

function takeLoras(prompt) {
  const loras = [...prompt.matchAll(/<lora:([^:>]+):(-?[\d.]+)[^>]*>/g)].map(([, id, scale]) => ({ id, scale: Number(scale) }));
  const words = prompt.replace(/\s*<lora:[^>]*>/g, "").trim();
  return loras.length ? { prompt: words, loras } : { prompt: words };
}
