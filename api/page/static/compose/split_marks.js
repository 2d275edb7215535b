// Cuts a text into plain and marked parts, by a prompt report. Places in a report are Unicode code points.

/** `[{text, kind, title}]`; `kind` is null for what is not marked. Only the beginning that the report knows is marked. */
export function splitMarks(text, report, field = "prompt") {
  if (!report) return [{ text, kind: null }];
  const points = Array.from(text);
  const known = countSame(points, Array.from(report.sent[field] ?? ""));
  const spans = listSpans(report, field)
    .filter(({ end }) => end <= known)
    .sort((a, b) => a.start - b.start);
  const parts = [];
  let at = 0;
  for (const { start, end, kind, title } of spans) {
    if (start < at) continue;
    if (start > at) parts.push({ text: points.slice(at, start).join(""), kind: null });
    parts.push({ text: points.slice(start, end).join(""), kind, title });
    at = end;
  }
  if (at < points.length) parts.push({ text: points.slice(at).join(""), kind: null });
  return parts;
}

/** What is cut off comes first, since nothing in it is read. */
function listSpans({ tokens, elements, contradictions }, field) {
  const cut = (tokens ?? []).map(({ cut_off: span }) => span).filter((span) => span?.field === field);
  const from = Math.min(...cut.map(({ start }) => start), Infinity);
  const against = contradictions.flatMap(({ spans, message }) =>
    spans.map((span) => ({ ...span, kind: "against", title: message })),
  );
  const named = elements.map((one) => ({
    ...one,
    kind: one.negated ? "negated" : one.kind,
    title: `${one.kind}: ${one.name}`,
  }));
  return [
    ...cut.map((span) => ({ ...span, kind: "cut-off", title: "The model does not read this" })),
    ...[...named, ...against].filter((span) => span.field === field && span.end <= from),
  ];
}

function countSame(a, b) {
  let count = 0;
  while (count < a.length && count < b.length && a[count] === b[count]) count += 1;
  return count;
}
