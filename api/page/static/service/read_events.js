// Server-sent events out of a body's bytes (WHATWG HTML, 9.2.6), as far as Darkroom sends them.

/** Yields `{id, data}`, with the data parsed; `onBytes` is called for each piece that arrives, comments too. */
export async function* readEvents(body, onBytes) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = { id: null, lines: [] };
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) return;
      onBytes();
      const lines = (rest + value).split(/\r\n|\n|\r/);
      rest = lines.pop();
      for (const line of lines) {
        if (line === "") {
          if (event.lines.length) yield { id: event.id, data: JSON.parse(event.lines.join("\n")) };
          event = { id: null, lines: [] };
        } else if (line.startsWith("data:")) event.lines.push(line.slice(line[5] === " " ? 6 : 5));
        else if (line.startsWith("id:")) event.id = line.slice(line[3] === " " ? 4 : 3);
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
