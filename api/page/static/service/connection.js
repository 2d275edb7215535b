// Whether the service answers: false from the first request that gets no answer until the next one that does.
import { createStore } from "../state/store.js";

export const connectionStore = createStore({ reached: true, streams: true });

export function noteReached(reached) {
  if (connectionStore.get().reached !== reached) connectionStore.set((now) => ({ ...now, reached }));
}

/** `streams` is false while event streams are cut on their way and the page asks again and again instead. */
export function noteStreams(streams) {
  if (connectionStore.get().streams !== streams) connectionStore.set((now) => ({ ...now, streams }));
}
