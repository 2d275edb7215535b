// What goes on while somebody is signed in, on every view: the jobs are followed, and what a program hands over comes into the form.
import { call } from "../service/api.js";
import { applyRequest } from "../state/apply_request.js";
import { form } from "../state/form.js";
import { followJobs, recalls } from "../state/jobs.js";
import { createKeptStore } from "../state/store.js";
import { go } from "./routes.js";
import { toast, useEffect, useStore } from "./ui.js";

const seen = createKeptStore("darkroom.recall", { number: 0 });

export function useLive(key) {
  useEffect(() => (key ? followJobs() : undefined), [key]);
  const recall = useStore(recalls);
  useEffect(() => void (recall && take(recall)), [recall]);
  useEffect(() => {
    if (!key) return;
    call("GET", "/v1/recall", { query: { after: seen.get().number } }).then(
      ({ data }) => data.data.forEach(take),
      () => {},
    );
  }, [key]);
}

async function take({ number, request }) {
  if (number <= seen.get().number) return;
  seen.set({ number });
  const before = form.get();
  await applyRequest(request);
  go("");
  toast("A program has filled in the form", { action: "Undo", onAction: () => form.set(before) });
}
