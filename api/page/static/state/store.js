// A value that several views share, and a hook that draws a view again when its part of the value changes.
import { useEffect, useState } from "../vendor/htm_preact.js";

export function createStore(initial) {
  let value = initial;
  const listeners = new Set();
  return {
    get: () => value,
    set(change) {
      const next = typeof change === "function" ? change(value) : change;
      if (next === value) return;
      value = next;
      for (const listener of [...listeners]) listener(value);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** `select` has to return a part of the value as it is: a new object each time would draw for ever. */
export function useStore(store, select = (value) => value) {
  const [, redraw] = useState(0);
  const selected = select(store.get());
  useEffect(() => {
    let last = selected;
    const look = () => {
      const now = select(store.get());
      if (now === last) return;
      last = now;
      redraw((count) => count + 1);
    };
    look();
    return store.subscribe(look);
  }, [store, selected]);
  return selected;
}

/** A store whose value outlives the tab; what cannot be stored (private windows) is kept in memory alone. */
export function createKeptStore(name, initial) {
  const store = createStore({ ...initial, ...readKept(name) });
  store.subscribe((value) => {
    try {
      localStorage.setItem(name, JSON.stringify(value));
    } catch {
      // Full or switched off: the page works on without it.
    }
  });
  return store;
}

function readKept(name) {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "{}");
  } catch {
    return {};
  }
}
