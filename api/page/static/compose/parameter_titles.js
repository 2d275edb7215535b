// What people call a parameter: "Steps" for num_inference_steps, and otherwise its name in words.

const TITLES = {
  num_inference_steps: "Steps",
  guidance_scale: "Guidance",
  num_images: "Pictures",
  strength: "How far from the picture",
};

export const isUsual = (name) => name in TITLES;

/** "guidance_rescale" is "Guidance rescale". */
export function titleOf(name) {
  const words = name.replaceAll("_", " ");
  return TITLES[name] ?? words[0].toUpperCase() + words.slice(1);
}
