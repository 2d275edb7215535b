// Signing in with an API key. The key is tried before it is kept.
import { call } from "../service/api.js";
import { signIn } from "../service/key.js";
import { Button, Field, html, useState } from "./ui.js";

export function SignIn() {
  const [key, setKey] = useState("");
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError(await tryKey(key.trim()));
    setBusy(false);
  };
  return html`<main class="sign-in">
    <form onSubmit=${submit}>
      <h1><span class="lamp" aria-hidden="true"></span>Darkroom</h1>
      <p>Type words, get pictures, rendered on your own machines.</p>
      <${Field} name="key" label="API key" error=${error}
        hint="It stays in this tab. The link that make up prints signs you in by itself.">
        ${(attributes) => html`<input ...${attributes} type="password" autocomplete="off" spellcheck=${false} required
          placeholder="dk_…" value=${key} onInput=${(event) => setKey(event.target.value)} autofocus />`}
      <//>
      <${Button} kind="primary" type="submit" disabled=${busy || !key.trim()}>${busy ? "Signing in…" : "Sign in"}<//>
    </form>
  </main>`;
}

/** Signs in, or returns why not. */
async function tryKey(key) {
  if (!/^[\x21-\x7e]+$/.test(key)) return "A key has no spaces and begins with dk_.";
  try {
    await call("GET", "/v1/models", { headers: { Authorization: `Bearer ${key}` } });
  } catch (problem) {
    return problem.status === 401 ? "This key is not valid, or was revoked." : problem.message;
  }
  signIn(key);
  return null;
}
