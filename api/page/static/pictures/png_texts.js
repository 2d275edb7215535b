// The texts that stand in a PNG beside its pixels (PNG third edition, 11.3.3): tEXt, zTXt and iTXt.
import { crc32 } from "./crc32.js";

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const LONGEST_TEXT = 1 << 20;

/** By keyword. Empty for what is no PNG; a text that is broken or too long is left out. */
export async function readTexts(bytes) {
  const texts = new Map();
  for (const { type, data } of listChunks(bytes)) {
    if (!["tEXt", "zTXt", "iTXt"].includes(type)) continue;
    const text = await readText(type, data).catch(() => null);
    if (text && !texts.has(text.keyword)) texts.set(text.keyword, text.value);
  }
  return texts;
}

/** The PNG with these texts, as UTF-8, before its pixels; texts of the same keywords are replaced. Throws for what is no PNG. */
export function withTexts(bytes, texts) {
  const chunks = listChunks(bytes);
  if (chunks[0]?.type !== "IHDR") throw new TypeError("This is no PNG.");
  const kept = chunks.slice(1).filter(({ type, data }) => !(type.endsWith("Xt") && keywordOf(data) in texts));
  const added = Object.entries(texts).map(([keyword, value]) => ({ type: "iTXt", data: encodeText(keyword, value) }));
  return new Blob([new Uint8Array(SIGNATURE), ...[chunks[0], ...added, ...kept].map(encodeChunk)], { type: "image/png" });
}

function listChunks(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (SIGNATURE.some((byte, index) => bytes[index] !== byte)) return [];
  const chunks = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    if (at + 12 + length > bytes.length) break;
    chunks.push({ type: latin1(bytes.subarray(at + 4, at + 8)), data: bytes.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

const latin1 = (bytes) => new TextDecoder("latin1").decode(bytes);
const utf8 = (bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);
const keywordOf = (data) => latin1(data.subarray(0, Math.max(0, data.indexOf(0))));

async function readText(type, data) {
  const end = data.indexOf(0);
  if (end < 1) return null;
  const keyword = keywordOf(data);
  if (type === "tEXt") return { keyword, value: latin1(data.subarray(end + 1)) };
  if (type === "zTXt") return { keyword, value: latin1(await inflate(data.subarray(end + 2))) };
  const isCompressed = data[end + 1] === 1;
  const language = data.indexOf(0, end + 3);
  const translated = data.indexOf(0, language + 1);
  if (language < 0 || translated < 0) return null;
  const body = data.subarray(translated + 1);
  return { keyword, value: utf8(isCompressed ? await inflate(body) : body) };
}

async function inflate(bytes) {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const parts = [];
  for (let size = 0; ; ) {
    const { value, done } = await reader.read();
    if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
    size += value.length;
    if (size > LONGEST_TEXT) throw new RangeError("The text is too long.");
    parts.push(value);
  }
}

function encodeText(keyword, value) {
  return new TextEncoder().encode(`${keyword}\0\0\0\0\0${value}`);
}

function encodeChunk({ type, data }) {
  const chunk = new Uint8Array(12 + data.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  chunk.set(new TextEncoder().encode(type), 4);
  chunk.set(data, 8);
  view.setUint32(8 + data.length, crc32(chunk.subarray(4, 8 + data.length)));
  return chunk;
}
