// The report of the words that are typed, asked for when the typing rests.
import { call } from "../service/api.js";
import { useEffect, useState } from "../shell/ui.js";

const QUIET_MS = 250;

/** Null until there is one; `sent` holds the texts that it is about. */
export function usePromptReport({ prompt, negative_prompt: negative, model }) {
  const [report, setReport] = useState(null);
  useEffect(() => {
    if (!prompt.trim() || !model) {
      setReport(null);
      return;
    }
    const asking = new AbortController();
    const json = { prompt, model, ...(negative.trim() && { negative_prompt: negative }) };
    const ask = () =>
      call("POST", "/v1/prompts/check", { json, signal: asking.signal }).then(
        ({ data }) => setReport({ ...data, sent: json }),
        () => {},
      );
    const timer = setTimeout(ask, QUIET_MS);
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [prompt, negative, model]);
  return report;
}
