"""The models file, and whether the models are on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from admin.doctor.finding import Area, Finding
from core.catalog import Catalog, HubSource, load_catalog
from core.errors import InvalidCatalog, InvalidStyles, ModelNotFetched
from core.jobs.styles.style_file import load_styles
from core.settings import Settings

_models = Area("models")


def check_models(settings: Settings) -> Iterator[Finding]:
    """Each model and LoRA, as a worker on this machine would find it."""
    try:
        catalog = load_catalog(
            settings.models_file, fetched_folder=settings.models_folder, lock_path=settings.models_lock
        )
    except InvalidCatalog as error:
        yield _models.error("file", error.message, "Correct the file, or MODELS_FILE")
        return
    yield _models.ok(
        "file", f"{settings.models_file} lists {len(catalog.models)} models and {len(catalog.loras)} LoRAs"
    )

    yield _check_styles(settings)

    default = settings.default_model
    if default not in catalog.models:
        todo = f"Set DEFAULT_MODEL to one of {', '.join(catalog.models)}"
        yield _models.error(default, f"DEFAULT_MODEL, which {settings.models_file} lacks", todo)
    for model_id in catalog.models:
        yield _check_model(catalog, model_id, is_default=model_id == default)
    for lora_id in catalog.loras:
        if catalog.is_lora_available(lora_id) and catalog.lora_path(lora_id).is_file():
            yield _models.ok(lora_id, "a LoRA, on this machine")
        elif not catalog.is_lora_available(lora_id):
            yield _models.ok(lora_id, f"a LoRA, not fetched: `darkroom-models fetch {lora_id}`")
        else:
            yield _models.warning(
                lora_id, "a LoRA whose file is missing", "Put its file there, or correct the models file"
            )


def _check_styles(settings: Settings) -> Finding:
    try:
        styles = load_styles(settings.styles_file, models_file=settings.models_file)
    except InvalidStyles as error:
        return _models.error("styles", error.message, "Correct the file, or STYLES_FILE")
    return _models.ok("styles", f"{len(styles)} styles that requests may name")


def _check_model(catalog: Catalog, model_id: str, *, is_default: bool) -> Finding:
    kind = "the default model, " if is_default else ""
    if not catalog.is_available(model_id):
        if is_default:
            return _models.error(model_id, f"{kind}not fetched: jobs for it are refused", _advise(catalog, model_id))
        # As the models file is shipped: it lists more than anybody needs.
        return _models.ok(model_id, f"not fetched, so that jobs for it are refused: `darkroom-models fetch {model_id}`")
    fault = _find_fault(catalog, model_id)
    if fault is None:
        return _models.ok(model_id, f"{kind}on this machine")
    if find_spec("torch") is None:
        return _models.ok(model_id, f"{kind}not here, where nothing is rendered")
    make = _models.error if is_default else _models.warning
    return make(model_id, f"{kind}{fault}", _advise(catalog, model_id))


def _advise(catalog: Catalog, model_id: str) -> str:
    is_of_hub = any(isinstance(source, HubSource) for source in catalog.get(model_id).sources.values())
    return f"Run `darkroom-models fetch {model_id}`" if is_of_hub else "Put its files there, or correct the models file"


def _find_fault(catalog: Catalog, model_id: str) -> str | None:
    for source in catalog.get(model_id).sources.values():
        try:
            path = catalog.locate(model_id, source)
        except ModelNotFetched:
            return "not fetched, or not whole"
        try:
            if not path.exists():
                return f"its files are missing: {path}"
            next(path.iterdir(), None) if path.is_dir() else path.open("rb").close()
        except OSError as error:
            return f"its files cannot be read: {path}: {error.strerror}"
    return None
