// Webhooks: the account's endpoints, and what is known of their deliveries.
import { call } from "../service/api.js";
import { Empty, html, useEffect, useState } from "../shell/ui.js";
import { loadStyle } from "../shell/view_style.js";
import { Deliveries } from "./deliveries.js";
import { Endpoints } from "./endpoints.js";

await loadStyle("webhooks");

export function WebhooksView() {
  const [{ endpoints, problem }, setState] = useState({ endpoints: null, problem: null });
  const load = () =>
    call("GET", "/v1/webhook-endpoints").then(
      ({ data }) => setState({ endpoints: data.data, problem: null }),
      (failed) => setState((now) => ({ ...now, problem: failed })),
    );
  useEffect(() => void load(), []);
  if (!endpoints) return problem && html`<${Empty} icon="warning" title="The webhooks cannot be shown">${problem.message}<//>`;
  return html`<div class="webhooks">
    <h1>Webhooks</h1>
    <${Endpoints} endpoints=${endpoints} onChange=${load} />
    <${Deliveries} />
  </div>`;
}
