// The page's icons: strokes on a grid of 24, in the colour of their text.
import { html } from "../vendor/htm_preact.js";

const PATHS = {
  add: "M12 5v14M5 12h14",
  back: "M15 6l-6 6 6 6",
  ban: "M5.6 5.6l12.8 12.8M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  board: "M4 5h16v14H4zM4 10h16M10 10v9",
  check: "M5 12.5l4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6L6 18",
  code: "M9 7l-5 5 5 5M15 7l5 5-5 5",
  compare: "M4 5h16v14H4zM12 3v18M8 12H6M18 12h-2",
  create: "M12 3l1.9 5.6L19.5 10.5l-5.6 1.9L12 18l-1.9-5.6L4.5 10.5l5.6-1.9zM19 16v5M16.5 18.5h5",
  dice: "M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM8.5 8.5h.01M15.5 8.5h.01M12 12h.01M8.5 15.5h.01M15.5 15.5h.01",
  down: "M6 9l6 6 6-6",
  download: "M12 4v11M7 10.5l5 5 5-5M5 20h14",
  end: "M5 20h14M12 4v12M7 11l5 5 5-5",
  eraser: "M8 20l-4.500-4.500L14 5l6 6-9 9zM9 10l6 6M8 20h12",
  extend: "M9 9h6v6H9zM4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4",
  fit: "M9 4H4v5M15 4h5v5M20 15v5h-5M4 15v5h5",
  forward: "M9 6l6 6-6 6",
  front: "M5 4h14M12 20V8M7 13l5-5 5 5",
  gallery: "M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z",
  hooks:
    "M10 13a4 4 0 0 0 6 .5l3-3a4.2 4.2 0 0 0-6-6l-1.500 1.500M14 11a4 4 0 0 0-6-.5l-3 3a4.200 4.200 0 0 0 6 6l1.500-1.500",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.500 9h.01",
  invert: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
  key: "M14.500 9.500a4 4 0 1 0-4 4l.8-.1L13 15h2v2h2v2h3v-3l-5.600-5.600z",
  lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  mask: "M4 20c3 0 4-1 4.500-3M9 16l9.500-11a1.800 1.800 0 0 1 2.700 2.300L11 17.500a2 2 0 0 1-3-1.500",
  menu: "M4 7h16M4 12h16M4 17h16",
  minus: "M5 12h14",
  moon: "M19.500 14A8 8 0 0 1 10 4.500a8 8 0 1 0 9.500 9.500",
  more: "M4.500 12a.8.8 0 1 0 1.600 0 .8.8 0 1 0-1.600 0M11.200 12a.8.8 0 1 0 1.600 0 .8.8 0 1 0-1.600 0M17.900 12a.8.8 0 1 0 1.600 0 .8.8 0 1 0-1.600 0",
  out: "M14 5h5v5M19 5l-9 9M17 14v5H5V7h5",
  pause: "M8 5v14M16 5v14",
  play: "M7 5l12 7-12 7z",
  queue: "M4 6h16M4 12h11M4 18h7",
  rectangle: "M4 6h16v12H4z",
  redo: "M16 5l4 4-4 4M20 9H10a5.500 5.500 0 0 0 0 11h3",
  reuse: "M4 12a8 8 0 0 1 14-5.300L20 9M20 4v5h-5M20 12a8 8 0 0 1-14 5.300L4 15M4 20v-5h5",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16.200 16.200L21 21",
  signout: "M10 4H5v16h5M15 8l4 4-4 4M19 12H9",
  star: "M12 4l2.400 5.200 5.600.7-4.200 3.900 1.100 5.600L12 16.600l-4.900 2.800 1.100-5.600L4 9.900l5.600-.7z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.400 1.400M17.600 17.600L19 19M5 19l1.400-1.400M17.600 6.400L19 5",
  swap: "M7 4L3.500 7.500 7 11M3.500 7.500H17M17 13l3.500 3.500L17 20M20.500 16.500H7",
  sweep:
    "M4 4h4v4H4zM10 4h4v4h-4zM16 4h4v4h-4zM4 10h4v4H4zM10 10h4v4h-4zM16 10h4v4h-4zM4 16h4v4H4zM10 16h4v4h-4zM16 16h4v4h-4z",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  undo: "M8 5L4 9l4 4M4 9h10a5.500 5.500 0 0 1 0 11h-3",
  unlock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 6.700-1.500",
  upload: "M12 16V5M7 9.500l5-5 5 5M5 20h14",
  warning: "M12 4L2.500 20h19zM12 10v4.500M12 17.500h.01",
  zoom: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16.200 16.200L21 21M8 11h6M11 8v6",
};

export function Icon({ name, size = 18, filled = false }) {
  return html`<svg class="icon" width=${size} height=${size} viewBox="0 0 24 24" aria-hidden="true" focusable="false"
    fill=${filled ? "currentColor" : "none"} stroke="currentColor" stroke-width="1.7" stroke-linecap="round"
    stroke-linejoin="round"><path d=${PATHS[name]} /></svg>`;
}
