// The first view: what is to be drawn on one side, and what comes of it on the other.
import { catalog, loadCatalog, loadModel } from "../state/catalog.js";
import { form, setForm } from "../state/form.js";
import { isSimple, settings } from "../state/settings.js";
import { Stage } from "../watch/stage.js";
import { Empty, html, useEffect, useState, useStore } from "../shell/ui.js";
import { loadStyle } from "../shell/view_style.js";
import { Composer } from "./composer.js";
import { DropZones } from "./drop_zones.js";
import { useRunKeys } from "./run_keys.js";

await Promise.all(["compose", "watch", "gallery"].map(loadStyle));

export function CreateView() {
  const simple = isSimple(useStore(settings));
  const problem = useCatalog();
  useRunKeys();
  if (problem) return html`<${Empty} icon="warning" title="The models cannot be read">${problem.message}<//>`;
  return html`<div class=${`create ${simple ? "simple" : "advanced"}`}>
    <${Composer} simple=${simple} />
    <${Stage} />
    <${DropZones} />
  </div>`;
}

/** Reads the models, and the whole of the chosen one; the deployment's default is chosen where none is. */
function useCatalog() {
  const [problem, setProblem] = useState(null);
  const model = useStore(form, (now) => now.model);
  const models = useStore(catalog, (now) => now.models);
  useEffect(() => void loadCatalog().catch(setProblem), []);
  useEffect(() => {
    if (!models?.length) return;
    // Effects run after the models are on the screen: by then somebody may have chosen one.
    const chosen = form.get().model;
    if (!models.some(({ id }) => id === chosen))
      setForm({ model: (models.find((one) => one.is_default) ?? models[0]).id });
    else loadModel(chosen).catch(setProblem);
  }, [models, model]);
  return problem;
}
