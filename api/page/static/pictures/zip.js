// Many pictures as one archive. They are compressed already, so that they are stored as they are.
import { crc32 } from "./crc32.js";

const MOST_FILES = 0xffff;
const MOST_BYTES = 0xffffffff;

// The general purpose flag of names in UTF-8.
const UTF8_NAMES = 0x0800;

/** `[{name, blob}]` as a zip archive. Equal names are numbered. Throws RangeError for what the format cannot hold. */
export async function makeZip(files) {
  if (files.length > MOST_FILES) throw new RangeError(`An archive holds at most ${MOST_FILES} pictures.`);
  const parts = [];
  const directory = [];
  const names = new Set();
  let offset = 0;
  for (const { name, blob } of files) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const encoded = new TextEncoder().encode(freeName(name, names));
    const entry = describe(encoded.length, bytes);
    const local = header(0x04034b50, entry);
    directory.push(header(0x02014b50, entry, offset), encoded);
    parts.push(local, encoded, blob);
    offset += local.length + encoded.length + bytes.length;
    if (offset > MOST_BYTES) throw new RangeError("These pictures are more than 4 GB together: download fewer at a time.");
  }
  const directorySize = directory.reduce((sum, part) => sum + part.length, 0);
  return new Blob([...parts, ...directory, endOf(files.length, directorySize, offset)], { type: "application/zip" });
}

function freeName(name, taken) {
  const clean = name.replace(/[\\/:*?"<>|\u0000-\u001f]+/g, "-") || "picture";
  const dot = clean.lastIndexOf(".");
  const [stem, suffix] = dot > 0 ? [clean.slice(0, dot), clean.slice(dot)] : [clean, ""];
  let free = clean;
  for (let number = 2; taken.has(free.toLowerCase()); number++) free = `${stem} (${number})${suffix}`;
  taken.add(free.toLowerCase());
  return free;
}

function describe(nameLength, bytes) {
  const now = new Date();
  const time = (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1);
  const date = ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate();
  return { nameLength, size: bytes.length, crc: crc32(bytes), time, date };
}

/** The header before a file, or, with its offset, the one in the directory at the archive's end. */
function header(signature, { nameLength, size, crc, time, date }, offset) {
  const inDirectory = offset !== undefined;
  const view = new DataView(new ArrayBuffer(inDirectory ? 46 : 30));
  view.setUint32(0, signature, true);
  let at = 4;
  const put16 = (value) => (view.setUint16(at, value, true), (at += 2));
  const put32 = (value) => (view.setUint32(at, value, true), (at += 4));
  if (inDirectory) put16(20);
  for (const value of [20, UTF8_NAMES, 0, time, date]) put16(value);
  for (const value of [crc, size, size]) put32(value);
  put16(nameLength);
  if (inDirectory) view.setUint32(42, offset, true);
  return new Uint8Array(view.buffer);
}

function endOf(count, directorySize, directoryOffset) {
  const view = new DataView(new ArrayBuffer(22));
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, directorySize, true);
  view.setUint32(16, directoryOffset, true);
  return new Uint8Array(view.buffer);
}
