// The views by their hash. A view is loaded when it is opened, with its style sheets, and gets what follows its name as `rest`.
import { createStore } from "../state/store.js";

export const ROUTES = [
  {
    name: "",
    title: "Create",
    icon: "create",
    load: () => import("../compose/create_view.js").then((m) => m.CreateView),
  },
  {
    name: "gallery",
    title: "Gallery",
    icon: "gallery",
    load: () => import("../gallery/gallery_view.js").then((m) => m.GalleryView),
  },
  {
    name: "sweeps",
    title: "Sweeps",
    icon: "sweep",
    load: () => import("../sweeps/sweeps_view.js").then((m) => m.SweepsView),
  },
  {
    name: "queue",
    title: "Queue",
    icon: "queue",
    load: () => import("../queue/queue_view.js").then((m) => m.QueueView),
  },
  {
    name: "webhooks",
    title: "Webhooks",
    icon: "hooks",
    load: () => import("../webhooks/webhooks_view.js").then((m) => m.WebhooksView),
  },
];

export const routeStore = createStore(readRoute());

export function followAddress() {
  addEventListener("hashchange", () => routeStore.set(readRoute()));
}

export function go(path) {
  location.hash = `#/${path}`;
}

/** `#/sweeps/sweep_1` is `{name: "sweeps", rest: "sweep_1"}`; what is unknown is the first view. */
function readRoute() {
  const [name = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  const known = ROUTES.some((route) => route.name === name);
  return { name: known ? name : "", rest: known ? rest.join("/") : "" };
}
