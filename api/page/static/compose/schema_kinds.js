// Which control a JSON schema asks for, whatever the parameter is called.

/** Of a value or a list of such values, it is the list, of which `alone` says that one value may stand by itself. */
export function settle(schema) {
  if (!schema.anyOf) return schema;
  const { anyOf, ...rest } = schema;
  const list = anyOf.find(({ type }) => type === "array");
  const one = anyOf.find(({ type }) => type !== "array" && type !== "null");
  return { ...rest, ...(list && one ? { ...list, alone: true } : (one ?? list)) };
}

/** "switch", "choice", "number", "text", "choices", "list", "group" or "pairs"; null: there is nothing to choose, or nothing known of it. */
export function kindOf(stated) {
  const schema = settle(stated);
  if ("const" in schema) return null;
  if (schema.enum) return "choice";
  if (schema.type === "array") return kindOfList(schema);
  if (schema.type === "object") return kindOfObject(schema);
  return { boolean: "switch", number: "number", integer: "number", string: "text" }[schema.type] ?? null;
}

function kindOfList({ items }) {
  if (!items || kindOf(items) === null) return null;
  return items.enum ? "choices" : "list";
}

function kindOfObject({ properties, additionalProperties }) {
  if (Object.values(properties ?? {}).some((one) => kindOf(one) !== null)) return "group";
  return additionalProperties?.type === "string" ? "pairs" : null;
}
