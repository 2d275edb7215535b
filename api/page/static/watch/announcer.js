// What a screen reader says of the jobs: how many wait and run, and each quarter of the one that runs.
import { html, useStore } from "../shell/ui.js";
import { isOpen, jobs } from "../state/jobs.js";

export function Announcer() {
  const text = useStore(jobs, describe);
  return html`<p class="hidden-text" role="status" aria-live="polite">${text}</p>`;
}

function describe(all) {
  const running = all.filter(({ status }) => status === "running");
  const waiting = all.filter((job) => isOpen(job) && job.status !== "running").length;
  if (!running.length && !waiting) return "No job runs.";
  const quarter = running.length === 1 ? `, ${Math.floor((running[0].progress?.fraction ?? 0) * 4) * 25} % done` : "";
  return `${running.length} ${running.length === 1 ? "job runs" : "jobs run"}${quarter}. ${waiting} ${waiting === 1 ? "waits" : "wait"}.`;
}
