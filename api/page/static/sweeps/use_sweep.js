// One sweep with its cells, as they are and as they become: read once, then followed by its events.
import { call } from "../service/api.js";
import { followSweep } from "../service/events.js";
import { useCallback, useEffect, useRef, useState } from "../shell/ui.js";
import { positionOf } from "./grid_layout.js";

const PAGE = 100;

/** `{sweep, cells, problem, reload}`; `cells` are by position: `{status, job?}`. */
export function useSweep(id) {
  const [state, setState] = useState({ sweep: null, cells: new Map(), problem: null });
  const ended = useRef(new Set());
  const take = (jobs) => {
    for (const job of jobs) if (job.finished_at) ended.current.add(job.id);
    return jobs;
  };

  const reload = useCallback(async () => {
    try {
      const { data: sweep } = await call("GET", `/v1/sweeps/${id}`);
      const jobs = take(sweep.status === "draft" ? [] : await listJobs(id));
      setState({ sweep, cells: withJobs(new Map(), jobs, sweep), problem: null });
    } catch (problem) {
      setState((now) => ({ ...now, problem }));
    }
  }, [id]);

  const status = state.sweep?.status;
  useEffect(() => void reload(), [reload]);
  useEffect(() => {
    if (status !== "running") return undefined;
    const waiting = new Set();
    let timer;
    const read = async () => {
      const ids = [...waiting];
      timer = undefined;
      waiting.clear();
      // A few are read one by one; many at once, as after a cut, are a page or two.
      if (ids.length > 8) return reload();
      const jobs = take(await Promise.all(ids.map((job) => call("GET", `/v1/jobs/${job}`).then(({ data }) => data))));
      setState((now) => ({ ...now, cells: withJobs(now.cells, jobs, now.sweep) }));
    };
    const stop = followSweep(id, ({ type, job_id: job, position, status: reached, counts }) => {
      if (type === "finished") reload();
      // A stream begins with all that has happened.
      if (!job || ended.current.has(job)) return;
      setState((now) => ({
        ...now,
        sweep: { ...now.sweep, counts },
        cells: new Map(now.cells).set(position, { ...now.cells.get(position), status: reached }),
      }));
      if (type !== "job_finished") return;
      waiting.add(job);
      timer ??= setTimeout(() => read().catch(reload), 120);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [id, status]);
  return { ...state, reload };
}

async function listJobs(id) {
  const jobs = [];
  for (let cursor; ; ) {
    const { data } = await call("GET", `/v1/sweeps/${id}/jobs`, { query: { limit: PAGE, cursor } });
    jobs.push(...data.data);
    cursor = data.next_cursor;
    if (!cursor) return jobs;
  }
}

function withJobs(cells, jobs, sweep) {
  const next = new Map(cells);
  for (const job of jobs) next.set(positionOf(job.sweep.cell, sweep.axes), { status: job.status, job });
  return next;
}
