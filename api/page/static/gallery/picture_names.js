// File names of pictures: the words, the seed, and what keeps two of them apart.

const LONGEST = 60;

export function nameOf({ id, prompt, seed, media_type: type }) {
  const words = (prompt ?? "picture")
    .slice(0, LONGEST)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");
  const suffix = { "image/jpeg": "jpg", "image/webp": "webp" }[type] ?? "png";
  return `${words || "picture"}-${seed ?? ""}-${id.slice(-6)}.${suffix}`;
}
