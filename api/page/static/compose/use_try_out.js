// Asks what the form would be, shortly after it has changed, so that what is wrong or missing is said before the run.
import { tryOut } from "../state/run.js";
import { useEffect } from "../shell/ui.js";
import { verdict } from "../state/form.js";

const QUIET_MS = 500;

export function useTryOut(now, detail) {
  useEffect(() => {
    if (!detail?.is_available) return;
    const needsWords = detail.parameters[detail.tasks[0]]?.required.includes("prompt");
    if (needsWords && !now.prompt.trim()) {
      verdict.set({ errors: [], warnings: [], queue: null });
      return;
    }
    const asking = new AbortController();
    const timer = setTimeout(() => tryOut(asking.signal).catch(() => {}), QUIET_MS);
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [withoutSeed(now), detail?.id]);
}

/** A seed that was drawn by the run itself is no change. */
const withoutSeed = ({ seed, seedLocked, ...rest }) => JSON.stringify({ ...rest, seed: seedLocked ? seed : null });
