// The addresses that are called when jobs end: add one, with its secret shown once, and delete it.
import { call } from "../service/api.js";
import { Button, Dialog, Field, formatTime, html, toast, useState } from "../shell/ui.js";

export function Endpoints({ endpoints, onChange }) {
  const [secret, setSecret] = useState(null);
  const remove = async ({ id, url }) => {
    if (!confirm(`Delete ${url}? Nothing more is sent there, also not what waits.`)) return;
    await call("DELETE", `/v1/webhook-endpoints/${id}`).catch((problem) => toast(problem.message, { kind: "wrong" }));
    onChange();
  };
  return html`<section class="endpoints">
    <h2>Endpoints</h2>
    ${endpoints.length === 0 && html`<p class="muted">Add an address of yours, and it is called whenever a job or a sweep ends.</p>`}
    <ul>${endpoints.map((endpoint) => html`<li class="endpoint" key=${endpoint.id}>
      <div>
        <p class="endpoint-url">${endpoint.url}</p>
        <p class="muted">${[endpoint.description, `added ${formatTime(endpoint.created_at)}`].filter(Boolean).join(" · ")}</p>
        ${endpoint.disabled_at && html`<p class="field-error">${`Off since ${formatTime(endpoint.disabled_at)}: it answered 410 Gone.`}</p>`}
      </div>
      <${Button} kind="quiet" icon="trash" label=${`Delete ${endpoint.url}`} onClick=${() => remove(endpoint)} />
    </li>`)}</ul>
    <${AddEndpoint} onAdded=${(added) => (setSecret({ title: "Endpoint added", secret: added.secret, once: true }), onChange())} />
    <${Button} kind="quiet" icon="key" onClick=${async () => setSecret(await readAccountSecret())}>Secret of single jobs' webhooks<//>
    ${secret && html`<${Secret} ...${secret} onClose=${() => setSecret(null)} />`}
  </section>`;
}

function AddEndpoint({ onAdded }) {
  const [url, setUrl] = useState("");
  const [description, setDescription] = useState("");
  const [problem, setProblem] = useState(null);
  const errorAt = (field) => problem?.errors.find((error) => error.field === field)?.message;
  const add = async (event) => {
    event.preventDefault();
    try {
      const { data } = await call("POST", "/v1/webhook-endpoints", { json: { url, description } });
      for (const clear of [setUrl, setDescription]) clear("");
      setProblem(null);
      onAdded(data);
    } catch (refused) {
      setProblem(refused);
    }
  };
  return html`<form class="add-endpoint" onSubmit=${add}>
    <${Field} name="url" label="Address" error=${errorAt("url")}>
      ${(attributes) => html`<input ...${attributes} value=${url} inputmode="url" placeholder="https://example.com/hooks/darkroom"
        autocomplete="off" onInput=${(event) => setUrl(event.target.value)} />`}
    <//>
    <${Field} name="description" label="What it is for" error=${errorAt("description")}>
      ${(attributes) => html`<input ...${attributes} value=${description} maxlength="256" autocomplete="off"
        onInput=${(event) => setDescription(event.target.value)} />`}
    <//>
    ${problem && !problem.errors.length && html`<p class="field-error" role="alert">${problem.message}</p>`}
    <${Button} kind="primary" type="submit" icon="add" disabled=${!url.trim()}>Add endpoint<//>
  </form>`;
}

async function readAccountSecret() {
  const { data } = await call("GET", "/v1/webhook-secret");
  return { title: "Secret of single jobs' webhooks", secret: data.secret };
}

function Secret({ title, secret, once, onClose }) {
  const copy = async () => {
    await navigator.clipboard.writeText(secret).then(() => toast("Copied."), () => toast("Select the secret and copy it.", { kind: "wrong" }));
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <p>${once ? "Verify every call with this secret. It is shown this once." : "It signs the calls to the webhook that a request names."}</p>
    <input class="secret" readonly value=${secret} aria-label="Secret" onFocus=${(event) => event.target.select()} />
    <div class="dialog-foot">
      <${Button} icon="code" onClick=${copy}>Copy<//>
      <${Button} kind="primary" onClick=${onClose}>Done<//>
    </div>
  <//>`;
}
