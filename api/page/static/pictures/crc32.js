// The checksum of PNG chunks and of files in an archive (ISO 3309).

let table;

/** Of bytes, as an unsigned number. */
export function crc32(bytes) {
  table ??= buildTable();
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

function buildTable() {
  return Uint32Array.from({ length: 256 }, (_, number) => {
    for (let bit = 0; bit < 8; bit++) number = number & 1 ? 0xedb88320 ^ (number >>> 1) : number >>> 1;
    return number;
  });
}
