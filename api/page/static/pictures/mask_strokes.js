// What was painted, as a list of operations: undo takes the last one away, and the mask is drawn again from the rest.

/** What the painter shows; the mask itself is black and white. */
const PAINT = [255, 96, 48];

/** Draws the operations, in pixels of the picture: what is painted is opaque, everything else transparent. */
export function drawOperations(context, operations) {
  const { width, height } = context.canvas;
  context.clearRect(0, 0, width, height);
  for (const operation of operations) drawOperation(context, operation);
}

/** `{type: "stroke", points, size, erases}`, a `rectangle`, `invert`, `clear`, or a `mask` to begin with. */
export function drawOperation(context, operation) {
  const { width, height } = context.canvas;
  context.save();
  context.fillStyle = context.strokeStyle = `rgb(${PAINT.join(" ")})`;
  if (operation.erases) context.globalCompositeOperation = "destination-out";
  if (operation.type === "stroke") drawStroke(context, operation);
  if (operation.type === "rectangle") context.fillRect(operation.left, operation.top, operation.width, operation.height);
  if (operation.type === "clear") context.clearRect(0, 0, width, height);
  if (operation.type === "mask") context.drawImage(operation.bitmap, 0, 0, width, height);
  if (operation.type === "invert") {
    context.globalCompositeOperation = "source-out";
    context.fillRect(0, 0, width, height);
  }
  context.restore();
}

function drawStroke(context, { points, size }) {
  const [first, ...rest] = points;
  context.beginPath();
  if (!rest.length) {
    context.arc(first.x, first.y, size / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  Object.assign(context, { lineWidth: size, lineCap: "round", lineJoin: "round" });
  context.moveTo(first.x, first.y);
  for (const point of rest) context.lineTo(point.x, point.y);
  context.stroke();
}

/** The mask as the API takes it: a PNG of the picture's size, white where it is painted anew and black where it is kept. */
export function encodeMask(canvas) {
  const mask = document.createElement("canvas");
  Object.assign(mask, { width: canvas.width, height: canvas.height });
  const context = mask.getContext("2d");
  context.drawImage(canvas, 0, 0);
  for (const [operation, colour] of [["source-in", "#fff"], ["destination-over", "#000"]]) {
    Object.assign(context, { globalCompositeOperation: operation, fillStyle: colour });
    context.fillRect(0, 0, mask.width, mask.height);
  }
  return new Promise((resolve, reject) =>
    mask.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The mask is too large."))), "image/png"),
  );
}

/** A mask that was made before, as an operation to begin with. */
export async function decodeMask(blob) {
  const bitmap = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < pixels.data.length; at += 4) {
    const isPainted = pixels.data[at] >= 128;
    pixels.data.set([...PAINT, isPainted ? 255 : 0], at);
  }
  context.putImageData(pixels, 0, 0);
  return { type: "mask", bitmap: canvas };
}

/** The painted share of the picture, from 0 to 1. */
export function measureShare(canvas) {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  let painted = 0;
  for (let at = 3; at < data.length; at += 4) if (data[at] >= 128) painted += 1;
  return painted / (width * height);
}
