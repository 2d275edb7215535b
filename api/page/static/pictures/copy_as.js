// A request as code that sends it: from a shell, from Python, and by OpenAI's client. The key is read from the environment and never written.

/** By kind, as a menu names it. */
export const COPY_KINDS = { curl: "curl", python: "Python: darkroom", httpx2: "Python: httpx2", openai: "OpenAI" };

/** `base` is the address of the service. */
export function copyAs(request, kind, base = new URL("../../..", import.meta.url).href) {
  const sent = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== null && value !== undefined));
  return { curl: asCurl, python: asPython, httpx2: asHttpx2, openai: asOpenAI }[kind](sent, base.replace(/\/$/, ""));
}

function asCurl(request, base) {
  return [
    `curl ${quoteForShell(`${base}/v1/jobs`)}`,
    `-H "Authorization: Bearer $DARKROOM_API_KEY"`,
    `-H "Content-Type: application/json"`,
    `-H "Prefer: wait=60"`,
    `-d ${quoteForShell(JSON.stringify(request))}`,
  ].join(" \\\n  ");
}

function asPython(request, base) {
  return `from darkroom import Darkroom

with Darkroom(${literal(base)}) as darkroom:
    pictures = darkroom.render(
${argumentsOf(request, 8)}
    )
    pictures.save("picture.png")
`;
}

function asHttpx2(request, base) {
  return `import os

import httpx2

darkroom = httpx2.Client(
    base_url=${literal(base)},
    headers={"Authorization": f"Bearer {os.environ['DARKROOM_API_KEY']}"},
    timeout=70,
)
request = ${literal(request)}
job = darkroom.post("/v1/jobs", json=request, headers={"Prefer": "wait=60"}).raise_for_status().json()
while job["finished_at"] is None:
    job = darkroom.get(f"/v1/jobs/{job['id']}", params={"wait": 60}).raise_for_status().json()
print(job["status"], [output["url"] for output in job["outputs"]])
`;
}

/** What OpenAI has no parameter for goes into `extra_body`; its own `size`, `n` and `style` are left to ours. */
function asOpenAI({ model, prompt, ...rest }, base) {
  return `import base64
import os
from pathlib import Path

from openai import OpenAI

client = OpenAI(base_url=${literal(`${base}/openai/v1`)}, api_key=os.environ["DARKROOM_API_KEY"])
answer = client.images.generate(
    model=${literal(model)},
    prompt=${literal(prompt ?? "")},
    extra_body=${literal(rest)},
)
for number, image in enumerate(answer.data):
    Path(f"picture-{number}.${rest.output_format ?? "png"}").write_bytes(base64.b64decode(image.b64_json))
`;
}

/** POSIX shells take everything between single quotes as it is, but for the single quote. */
const quoteForShell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

const argumentsOf = (values, spaces) =>
  Object.entries(values)
    .map(([name, value]) => `${" ".repeat(spaces)}${name}=${literal(value)},`)
    .join("\n");

/** A value as Python writes it. Its strings understand all that JSON's escapes are. */
function literal(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${literal(each)}`).join(", ")}}`;
}
