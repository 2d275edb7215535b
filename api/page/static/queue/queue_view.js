// The account's queue: what runs and waits, why, and how it went lately; pause and resume.
import { call } from "../service/api.js";
import { Button, Empty, formatTime, html, toast, useEffect, useMemo, useRef, useState, useStore } from "../shell/ui.js";
import { loadStyle } from "../shell/view_style.js";
import { jobs as followed } from "../state/jobs.js";
import { Lately } from "./lately.js";
import { RunningJobs, WaitingJobs } from "./queue_jobs.js";
import { Workers } from "./workers.js";

await loadStyle("queue");

const LOOK_MS = 2_000;
const SHOWN = 100;
const FIELDS = "id,status,model,task,request,progress,queue,cancel_requested_at";

export function QueueView() {
  const { queue, jobs, figures, problem, look } = useQueue();
  const live = useStore(followed);
  const byId = useMemo(() => new Map(live.map((job) => [job.id, job])), [live]);
  if (!queue) return problem && html`<${Empty} icon="warning" title="The queue cannot be shown">${problem.message}<//>`;
  const running = jobs.filter(({ status }) => status === "running");
  const waiting = jobs.filter(({ status }) => status === "queued").sort((one, other) => (one.queue.position ?? 0) - (other.queue.position ?? 0));
  return html`<div class="queue">
    <header class="queue-head">
      <div>
        <h1>Queue</h1>
        <p class="muted" role="status">${describe(queue)}</p>
      </div>
      <${Switch} queue=${queue} onChange=${look} />
    </header>
    <div class="queue-columns">
      <section><h2>Now</h2><${RunningJobs} jobs=${running} live=${byId} onChange=${look} /></section>
      <section>
        <h2>Waiting</h2>
        <${WaitingJobs} groups=${figures.waiting} jobs=${waiting} isPaused=${queue.paused} onChange=${look} />
        ${waiting.length > 0 && queue.queued > waiting.length && html`<p class="muted">${`And ${queue.queued - waiting.length} more of yours.`}</p>`}
      </section>
    </div>
    <section><h2>Workers</h2><${Workers} workers=${figures.workers} /></section>
    <${Lately} figures=${figures} />
  </div>`;
}

/** Looks every two seconds while somebody can see it; `look` does so at once. */
function useQueue() {
  const [state, setState] = useState({ queue: null, jobs: [], figures: null, problem: null });
  const latest = useRef(0);
  const look = async () => {
    const turn = ++latest.current;
    try {
      const query = { status: ["running", "queued"], order: "asc", limit: SHOWN, fields: FIELDS };
      const reads = [call("GET", "/v1/queue"), call("GET", "/v1/jobs", { query }), call("GET", "/v1/queue/figures")];
      const [queue, list, figures] = (await Promise.all(reads)).map(({ data }) => data);
      // An answer that was overtaken by a newer one says nothing any more.
      if (turn === latest.current) setState({ queue, jobs: list.data, figures, problem: null });
    } catch (problem) {
      setState((now) => ({ ...now, problem }));
    }
  };
  useEffect(() => {
    look();
    const timer = setInterval(() => document.hidden || look(), LOOK_MS);
    return () => {
      clearInterval(timer);
      latest.current = Infinity;
    };
  }, []);
  return { ...state, look };
}

function Switch({ queue, onChange }) {
  const post = (path, json) => async () => {
    await call("POST", `/v1/queue/${path}`, { json }).catch((problem) => toast(problem.message, { kind: "wrong" }));
    onChange();
  };
  if (queue.paused) return html`<${Button} kind="primary" icon="play" onClick=${post("resume")}>Resume<//>`;
  return html`<div class="queue-switch">
    <${Button} icon="pause" title="What runs is drawn to its end" onClick=${post("pause", { running: "finish" })}>Pause<//>
    ${queue.running > 0 && html`<${Button} kind="quiet" title="What runs waits again, and resumes at the step that it has reached"
      onClick=${post("pause", { running: "put_back" })}>Pause at once<//>`}
  </div>`;
}

function describe({ paused, paused_at: since, puts_back_running: putsBack, queued, running }) {
  const counts = `${running} ${running === 1 ? "runs" : "run"}, ${queued} ${queued === 1 ? "waits" : "wait"}`;
  if (!paused) return counts;
  return `Paused since ${formatTime(since)}: ${counts}${running && putsBack ? ", and what runs is put back" : ""}`;
}
