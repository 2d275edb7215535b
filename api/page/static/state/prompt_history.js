// Prompts that were sent from this browser, newest first.
import { createKeptStore } from "./store.js";

const KEPT = 50;

export const promptHistory = createKeptStore("darkroom.prompts", { prompts: [] });

export function rememberPrompt(prompt) {
  if (!prompt.trim()) return;
  promptHistory.set(({ prompts }) => ({
    prompts: [prompt, ...prompts.filter((one) => one !== prompt)].slice(0, KEPT),
  }));
}
