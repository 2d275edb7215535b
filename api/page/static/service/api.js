// One call of the API: JSON in and out, and each refusal a `Problem` with the fields that it names.
import { noteReached } from "./connection.js";
import { keyStore, signOut } from "./key.js";

/** Everything that the API refuses (RFC 9457), and with status 0 that it could not be reached. */
export class Problem extends Error {
  constructor({ status, code, title, detail, errors, requestId, retryAfter }) {
    super(detail || title || code);
    this.name = "Problem";
    Object.assign(this, { status, code, title, detail, errors: errors ?? [], requestId, retryAfter });
  }
}

/** `path` begins with "/v1/" and is joined to the place of this page, so that a proxy may serve it under a prefix. */
export function addressOf(path, query) {
  const address = new URL(`../..${path}`, import.meta.url);
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") address.searchParams.append(name, one);
    }
  }
  return address;
}

/** `as` is "json" or "blob". Throws `Problem`; a 401 signs out. An aborted call throws the signal's reason. */
export async function call(method, path, { json, body, headers, query, signal, as = "json" } = {}) {
  const key = keyStore.get();
  const sent = { Accept: as === "blob" ? "*/*" : "application/json", ...headers };
  if (key) sent.Authorization = `Bearer ${key}`;
  if (json !== undefined) sent["Content-Type"] = "application/json";
  const response = await reach(addressOf(path, query), {
    method,
    headers: sent,
    body: json === undefined ? body : JSON.stringify(json),
    signal,
  });
  if (!response.ok) throw await readProblem(response, key);
  return { status: response.status, headers: response.headers, data: await readData(response, as) };
}

/** Fetches with the connection's state noted: no answer is a `Problem` with status 0. */
export async function reach(address, options) {
  let response;
  try {
    response = await fetch(address, { cache: "no-store", ...options });
  } catch (error) {
    if (options?.signal?.aborted) throw error;
    noteReached(false);
    throw new Problem({ status: 0, code: "not_reached", title: "Darkroom does not answer" });
  }
  noteReached(true);
  return response;
}

export async function readProblem(response, key) {
  if (response.status === 401 && key === keyStore.get()) signOut();
  let stated = {};
  try {
    stated = await response.json();
  } catch {
    // A proxy's own page: the status is all there is.
  }
  return new Problem({
    title: `The service answered with status ${response.status}`,
    code: "unexpected_answer",
    ...stated,
    status: response.status,
    requestId: stated.request_id ?? response.headers.get("X-Request-Id"),
    retryAfter: Number(response.headers.get("Retry-After")) || null,
  });
}

async function readData(response, as) {
  if (response.status === 204 || response.status === 304) return null;
  if (as === "blob") return response.blob();
  const type = response.headers.get("Content-Type") ?? "";
  return type.includes("json") ? response.json() : response.text();
}

/** A name of one request, under which it can be sent again and counts once. Works without a secure context too. */
export function newIdempotencyKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
