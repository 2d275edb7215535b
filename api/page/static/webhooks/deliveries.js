// What became of the calls: each with its tries, and once more by hand.
import { call } from "../service/api.js";
import { Button, formatTime, html, toast, useEffect, useState } from "../shell/ui.js";

const LOOK_MS = 3_000;
const WORDS = { pending: "Waits", delivered: "Delivered", exhausted: "Given up", cancelled: "Cancelled" };
const HEADS = ["When", "Event", "Address", "State", "Tries"];

export function Deliveries() {
  const [status, setStatus] = useState("");
  return html`<section>
    <div class="deliveries-head">
      <h2>Deliveries</h2>
      <select aria-label="State of the deliveries" value=${status} onChange=${(event) => setStatus(event.target.value)}>
        <option value="">All</option>
        ${Object.entries(WORDS).map(([value, word]) => html`<option key=${value} value=${value}>${word}</option>`)}
      </select>
    </div>
    <${List} status=${status} key=${status} />
  </section>`;
}

function List({ status }) {
  const { deliveries, cursor, problem, look, more } = useDeliveries(status);
  const again = async ({ id }) => {
    try {
      await call("POST", `/v1/webhook-deliveries/${id}/redeliver`);
      toast("It is sent once more.");
    } catch (refused) {
      toast(refused.message, { kind: "wrong" });
    }
    look();
  };
  if (!deliveries) return problem && html`<p class="field-error" role="alert">${problem.message}</p>`;
  if (!deliveries.length) return html`<p class="muted">${status ? "There are none." : "Nothing was sent yet."}</p>`;
  return html`<div class="deliveries-scroll" tabindex="0" role="region" aria-label="Deliveries">
      <table class="deliveries">
        <thead><tr>${HEADS.map((head) => html`<th scope="col" key=${head}>${head}</th>`)}<td></td></tr></thead>
        <tbody>${deliveries.map((delivery) => html`<${Row} key=${delivery.id} delivery=${delivery} onAgain=${again} />`)}</tbody>
      </table>
    </div>
    ${cursor && html`<${Button} onClick=${more}>Older deliveries<//>`}`;
}

function Row({ delivery, onAgain }) {
  const { status, attempts, next_attempt_at: next } = delivery;
  return html`<tr>
    <td>${formatTime(delivery.created_at)}</td>
    <td>${delivery.event_type}</td>
    <td><p class="delivery-url" title=${delivery.url}>${delivery.url}</p></td>
    <td class=${`status-${status}`}>${WORDS[status]}${next && html`<p class="muted">${`next try ${formatTime(next)}`}</p>`}</td>
    <td>${attempts.length < 2 ? attempts.map(describe) : html`<details>
      <summary>${`${attempts.length}: ${describe(attempts.at(-1))}`}</summary>
      <ol>${attempts.map((attempt) => html`<li key=${attempt.attempt_number}>${`${formatTime(attempt.started_at)} ${describe(attempt)}`}</li>`)}</ol>
    </details>`}</td>
    <td><${Button} kind="quiet" icon="reuse" label=${`Send ${delivery.event_type} to ${delivery.url} again`}
      disabled=${status === "cancelled"} onClick=${() => onAgain(delivery)} /></td>
  </tr>`;
}

/** "204 in 12 ms", "by hand: no answer, connection refused". */
function describe({ trigger, response_status_code: code, response_duration_ms: ms, error }) {
  return `${trigger === "manual" ? "by hand: " : ""}${code ? `${code} in ${ms} ms` : "no answer"}${error ? `, ${error}` : ""}`;
}

/** Looks again every few seconds while somebody sees it, and not any more once they have asked for older ones. */
function useDeliveries(status) {
  const [state, setState] = useState({ deliveries: null, cursor: null, problem: null });
  const read = async (cursor) => {
    try {
      const { data } = await call("GET", "/v1/webhook-deliveries", { query: { status, cursor, limit: 20 } });
      setState(({ deliveries }) => ({ deliveries: cursor ? [...deliveries, ...data.data] : data.data, cursor: data.next_cursor, problem: null }));
    } catch (problem) {
      setState((now) => ({ ...now, problem }));
    }
  };
  const isLong = state.deliveries?.length > 20;
  useEffect(() => {
    if (isLong) return undefined;
    read();
    const timer = setInterval(() => document.hidden || read(), LOOK_MS);
    return () => clearInterval(timer);
  }, [status, isLong]);
  return { ...state, look: () => read(), more: () => read(state.cursor) };
}
