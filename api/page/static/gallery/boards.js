// The account's boards: read, made, renamed and deleted.
import { call } from "../service/api.js";
import { createStore } from "../state/store.js";

/** Null until they are read. */
export const boards = createStore(null);

export async function loadBoards() {
  boards.set((await call("GET", "/v1/boards")).data.data);
}

export async function makeBoard(name) {
  const { data } = await call("POST", "/v1/boards", { json: { name } });
  await loadBoards();
  return data;
}

export async function renameBoard(id, name) {
  await call("PATCH", `/v1/boards/${id}`, { json: { name } });
  await loadBoards();
}

/** The pictures on it stay. */
export async function deleteBoard(id) {
  await call("DELETE", `/v1/boards/${id}`);
  await loadBoards();
}
