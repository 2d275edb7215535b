// The start: the key out of the address, the colours, and the shell with the view that the address names.
import { takeKeyFromAddress } from "./service/key.js";
import { followAddress } from "./shell/routes.js";
import { Shell } from "./shell/shell.js";
import { applyScheme } from "./state/settings.js";
import { html, render } from "./vendor/htm_preact.js";

takeKeyFromAddress();
applyScheme();
followAddress();
render(html`<${Shell} />`, document.getElementById("page"));
