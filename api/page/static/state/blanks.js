// What of a form's values is sent: a field that was left empty is not.

/** The value without the empty parts of its lists and objects; undefined if nothing is left. */
export function withoutBlanks(value) {
  if (value === null || value === "") return undefined;
  if (Array.isArray(value)) {
    const kept = value.map(withoutBlanks).filter((one) => one !== undefined);
    return kept.length ? kept : undefined;
  }
  if (typeof value !== "object") return value;
  const kept = Object.entries(value).map(([name, one]) => [name, withoutBlanks(one)]);
  const said = kept.filter(([, one]) => one !== undefined);
  return said.length ? Object.fromEntries(said) : undefined;
}
