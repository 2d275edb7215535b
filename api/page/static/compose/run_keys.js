// Keys of the first view: Ctrl+Enter runs, Escape cancels the newest job.
import { toast, useEffect } from "../shell/ui.js";
import { cancelNewest } from "../state/run.js";
import { runAndSay } from "./run_and_say.js";

export function useRunKeys() {
  useEffect(() => {
    const press = (event) => {
      if (document.querySelector("dialog[open]")) return;
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        runAndSay(1);
      }
      if (event.key === "Escape" && !event.defaultPrevented) {
        cancelNewest()?.then(
          () => toast("Cancelled"),
          (problem) => toast(problem.message, { kind: "wrong" }),
        );
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
