// Runs the form, and says what came of it where no field can.
import { toast } from "../shell/ui.js";
import { form } from "../state/form.js";
import { createStore } from "../state/store.js";
import { run } from "../state/run.js";

/** Whether a submit is on its way. */
export const sending = createStore(false);

export async function runAndSay(times) {
  if (sending.get() || !form.get().model) return;
  sending.set(true);
  try {
    const count = await run(times);
    if (times > 1) toast(`${count} jobs are in the queue`);
  } catch (problem) {
    if (problem.errors?.length) focusWrong();
    else toast(problem.message, { kind: "wrong" });
  } finally {
    sending.set(false);
  }
}

/** The first field that is wrong gets the focus, with its message read out. */
function focusWrong() {
  requestAnimationFrame(() => document.querySelector(".composer [aria-invalid='true']")?.focus());
}
