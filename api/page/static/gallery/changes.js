// Changes of pictures: shown at once, sent, and taken back if the service refuses them.
import { call } from "../service/api.js";
import { toast } from "../shell/ui.js";
import { changeOutputs, removeOutputs } from "../state/outputs.js";

const AT_ONCE = 100;

export function setFavourite(ids, favourite) {
  return change(
    ids,
    { favourite },
    () => ({ favourite }),
    () => ({ favourite: !favourite }),
  );
}

export function addToBoard(ids, board) {
  const add = ({ boards }) => ({ boards: [...new Set([...boards, board.id])] });
  const take = ({ boards }) => ({ boards: boards.filter((id) => id !== board.id) });
  return change(ids, { add_to_board: board.id }, add, take).then(() => toast(`On the board ${board.name}`));
}

export function removeFromBoard(ids, board) {
  const add = ({ boards }) => ({ boards: [...new Set([...boards, board.id])] });
  const take = ({ boards }) => ({ boards: boards.filter((id) => id !== board.id) });
  return change(ids, { remove_from_board: board.id }, take, add);
}

async function change(ids, json, redo, undo) {
  changeOutputs(ids, redo);
  try {
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      await call("POST", "/v1/outputs/change", { json: { outputs: ids.slice(from, from + AT_ONCE), ...json } });
    }
  } catch (problem) {
    changeOutputs(ids, undo);
    toast(problem.message, { kind: "wrong" });
    throw problem;
  }
}

/** Deletes whole jobs: the pictures of one job go together. Returns how many jobs are deleted. */
export async function deleteJobs(jobIds) {
  let deleted = 0;
  for (const id of jobIds) {
    try {
      await call("DELETE", `/v1/jobs/${id}`);
    } catch (problem) {
      if (problem.status !== 410 && problem.status !== 404) {
        toast(problem.message, { kind: "wrong" });
        continue;
      }
    }
    deleted += 1;
    removeOutputs(({ job_id: job }) => job === id);
  }
  return deleted;
}

/** Deletes all finished jobs that hold no favourite. `onProgress(count)` is called now and then. */
export async function clearAllButFavourites(onProgress) {
  let count = 0;
  let more = true;
  while (more) {
    const { data } = await call("POST", "/v1/jobs/delete", { json: { favourite: false } });
    count += data.completed + data.pending;
    more = data.has_more && data.completed + data.pending > 0;
    onProgress(count);
  }
  removeOutputs(({ favourite }) => !favourite);
  return count;
}
