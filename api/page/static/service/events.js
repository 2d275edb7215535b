// Event streams with the key in a header (EventSource cannot send one). A cut stream is resumed behind its last event;
// where streams do not come through at all, the same events are asked for.
import { addressOf, call, reach, readProblem } from "./api.js";
import { noteReached, noteStreams } from "./connection.js";
import { keyStore } from "./key.js";
import { pause } from "./pause.js";
import { pollAccount, pollFinite } from "./polling.js";
import { readEvents } from "./read_events.js";

/** The service sends a comment every 10 s. A stream that is silent for longer is cut, or held back by a proxy. */
const SILENT_MS = 25_000;
const FIRST_BYTE_MS = 12_000;
const LONGEST_PAUSE_MS = 5_000;

/**
 * `onEvent(event)` gets the data of each event: `{type, job_id, number, …}`. `onOpen()` is called whenever a stream begins to
 * bring what happens: what happened before, no stream may have brought. Returns the function that stops.
 */
export const followAccount = (onEvent, onOpen) => follow({ path: "/v1/events", onEvent, onOpen, poll: pollAccount });

/** A sweep's stream brings all that has happened, from its beginning. */
export const followSweep = (id, onEvent) =>
  follow({ path: `/v1/sweeps/${id}/events`, onEvent, onOpen() {}, poll: pollFinite });

function follow(followed) {
  const stopping = new AbortController();
  run(followed, stopping.signal).catch((error) => {
    if (!stopping.signal.aborted) console.warn("Darkroom: following has ended", error.message);
  });
  return () => stopping.abort();
}

async function run(followed, signal) {
  const { path, onEvent, poll } = followed;
  const place = { last: null, ended: false };
  let failures = 0;
  while (!signal.aborted && !place.ended && keyStore.get()) {
    const outcome = await stream(followed, place, signal);
    if (outcome === "ended" || signal.aborted) return;
    failures = outcome === "read" ? 0 : failures + 1;
    if (outcome === "blocked" || outcome === "full") {
      noteStreams(false);
      await poll({ path, call, place, onEvent, signal, forMs: 30_000 });
      continue;
    }
    await pause(Math.min(LONGEST_PAUSE_MS, 250 * 2 ** failures), signal);
  }
}

/** Reads one connection. "read": some bytes came; "cut": none; "blocked": a proxy holds it; "full": too many; "ended". */
async function stream({ path, onEvent, onOpen }, place, signal) {
  const cutting = new AbortController();
  const stop = () => cutting.abort();
  signal.addEventListener("abort", stop, { once: true });
  let silence = setTimeout(stop, FIRST_BYTE_MS);
  let bytes = 0;
  try {
    const headers = { Authorization: `Bearer ${keyStore.get()}`, Accept: "text/event-stream" };
    if (place.last !== null) headers["Last-Event-ID"] = place.last;
    const response = await reach(addressOf(path), { headers, signal: cutting.signal });
    if (response.status === 204) return "ended";
    if (!response.ok) return outcomeOf(await readProblem(response, keyStore.get()));
    onOpen();
    for await (const event of readEvents(response.body, () => {
      bytes += 1;
      clearTimeout(silence);
      silence = setTimeout(stop, SILENT_MS);
      noteReached(true);
      noteStreams(true);
    })) {
      if (event.id) place.last = event.id;
      onEvent(event.data);
      if (isLast(path, event.data)) return "ended";
    }
    return bytes ? "read" : "cut";
  } catch (error) {
    if (signal.aborted) return "ended";
    if (cutting.signal.aborted && !bytes) return "blocked";
    if (bytes) noteReached(false);
    return bytes ? "read" : "cut";
  } finally {
    clearTimeout(silence);
    signal.removeEventListener("abort", stop);
  }
}

function outcomeOf(problem) {
  if ([401, 404, 410].includes(problem.status)) return "ended";
  return problem.code === "too_many_streams" ? "full" : "cut";
}

function isLast(path, data) {
  return path !== "/v1/events" && data.type === "finished";
}
