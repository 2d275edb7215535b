// What is typed for the axes of a sweep, as values: {a|b} in prompts, and lists and ranges of numbers.

/** Far above what the service takes, so that a slip of the keyboard does not stop the browser. */
const MOST = 1_000;
const RANGE = /^(-?[\d.]+)\s*-\s*(-?[\d.]+)(?:\s*\(\+?(-?[\d.]+)\)|\s*\[(\d+)\])?$/;

/** A prompt a line; each `{a|b}` stands for either, so that a line can be many prompts. */
export function expandPrompts(text) {
  const prompts = text.split("\n").map((line) => line.trim()).filter(Boolean).flatMap(expandChoices);
  return [...new Set(prompts)];
}

function expandChoices(line) {
  let open = [line];
  for (let rest = true; rest && open.length <= MOST; ) {
    rest = false;
    open = open.flatMap((prompt) => {
      const found = /\{([^{}]*\|[^{}]*)\}/.exec(prompt);
      if (!found) return [prompt];
      rest = true;
      const [before, after] = [prompt.slice(0, found.index), prompt.slice(found.index + found[0].length)];
      return found[1].split("|").map((choice) => (before + choice + after).replace(/ {2,}/g, " ").trim());
    });
  }
  return open;
}

/** "4 random" is a number of them; otherwise a list, such as "7, 8, 10-12". Throws for what is neither. */
export function parseSeeds(text) {
  const random = /^(\d+)\s+random$/i.exec(text.trim());
  return random ? Number(random[1]) : parseValues(text, { type: "integer" });
}

/** Values by the schema of a parameter: "2, 4", "1-5", "2-8 (+2)", "0-1 [5]"; texts that hold commas are divided by bars. */
export function parseValues(text, { type, maxLength = 0 }) {
  const divider = type === "string" && maxLength > 200 ? "|" : ",";
  const parts = text.split(divider).map((part) => part.trim()).filter(Boolean);
  const read = { string: (part) => part, boolean: parseSwitch }[type] ?? ((part) => parseNumbers(part, type));
  return [...new Set(parts.flatMap(read))];
}

function parseNumbers(text, type) {
  const range = RANGE.exec(text);
  if (range) return listRange(range.slice(1).map((part) => (part === undefined ? null : Number(part))), type);
  const value = Number(text);
  const isWhole = type === "integer";
  if (isWhole ? Number.isSafeInteger(value) : Number.isFinite(value)) return [value];
  throw new Error(`${text} is no ${isWhole ? "whole number" : "number"}.`);
}

/** "(+2)" is the step, "[5]" how many. Decimals are rounded to what a person typed, so that 0.1 steps stay 0.3. */
function listRange([first, last, step, count], type) {
  const by = count > 1 ? (last - first) / (count - 1) : (step ?? Math.sign(last - first)) || 1;
  const length = Math.floor((last - first) / by + 1.0001);
  if (!(length >= 1 && length <= MOST)) throw new Error("The range never ends.");
  return Array.from({ length }, (_, index) => {
    const value = first + index * by;
    return type === "integer" ? Math.round(value) : Number(value.toFixed(4));
  });
}

function parseSwitch(text) {
  if (/^(yes|true|on)$/i.test(text)) return true;
  if (/^(no|false|off)$/i.test(text)) return false;
  throw new Error(`${text} is neither yes nor no.`);
}

/**
 * The values of what was typed: `{prompts, styles, seeds, parameters}`, with the errors by field, and the factors of
 * the number of cells: `[["prompts", 2], …]`. `rows` are `[{name, text}]`.
 */
export function readAxes({ prompts, styles, seeds, rows }, properties) {
  const errors = {};
  const attempt = (field, read) => {
    try {
      return read();
    } catch (error) {
      errors[field] = error.message;
      return [];
    }
  };
  const numbers = attempt("seeds", () => parseSeeds(seeds));
  const values = { prompts: expandPrompts(prompts), styles, seeds: numbers, parameters: {} };
  for (const { name, text } of rows) {
    const found = attempt(`parameters.${name}`, () => parseValues(text, properties[name] ?? { type: "string" }));
    if (found.length) values.parameters[name] = found;
  }
  const lists = { prompts: values.prompts, styles, ...values.parameters, seeds: numbers };
  const sizes = Object.entries(lists).map(([name, list]) => [name, typeof list === "number" ? list : list.length]);
  const factors = sizes.filter(([, size]) => size > 0);
  return { values, errors, factors, cells: factors.reduce((product, [, size]) => product * size, 1) };
}

/** The axes that have values: what is left out has none. */
export function withoutEmpty({ prompts, styles, seeds, parameters }) {
  const given = { prompts, styles, seeds, parameters };
  const isGiven = (value) => (typeof value === "number" ? value > 0 : Object.keys(value).length > 0);
  return Object.fromEntries(Object.entries(given).filter(([, value]) => isGiven(value)));
}
