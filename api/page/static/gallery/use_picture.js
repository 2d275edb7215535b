// Using a finished picture again: its words, its seed, everything, or the picture itself.
import { call } from "../service/api.js";
import { go } from "../shell/routes.js";
import { toast } from "../shell/ui.js";
import { applyRequest, startFrom } from "../state/apply_request.js";
import { setForm } from "../state/form.js";

/** The whole request of a picture's job, with the picture's own seed: it draws this one picture again. */
export async function readRequest(output) {
  return (await readJob(output)).request;
}

async function readJob(output) {
  const [{ settingsOf }, { data: job }] = await Promise.all([
    import("../pictures/png_settings.js"),
    call("GET", `/v1/jobs/${output.job_id}`),
  ]);
  return { request: settingsOf(job, output), inputs: job.inputs };
}

export const USES = [
  { icon: "create", title: "Use the prompt", use: usePrompt },
  { icon: "lock", title: "Use the seed", use: useSeed },
  { icon: "reuse", title: "Use everything", use: useEverything },
  { icon: "image", title: "Start from it", use: useAsInput },
];

/** Does it, and shows the form that it changed. */
export async function useAndShow({ use, title }, output) {
  try {
    await use(output);
  } catch (problem) {
    return toast(problem.message, { kind: "wrong" });
  }
  go("");
  toast(SAID[title]);
}

const SAID = {
  "Use the prompt": "The prompt is in the form",
  "Use the seed": "The seed is locked",
  "Use everything": "Its settings are in the form",
  "Start from it": "The next picture starts from it",
};

function usePrompt({ prompt, negative_prompt: negative, style }) {
  setForm({ prompt: prompt ?? "", negative_prompt: negative ?? "", style });
}

function useSeed({ seed }) {
  setForm({ seed, seedLocked: true });
}

async function useEverything(output) {
  const { request, inputs } = await readJob(output);
  await applyRequest(request, inputs);
}

function useAsInput(output) {
  startFrom(output);
}
