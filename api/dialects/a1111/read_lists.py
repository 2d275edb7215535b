"""What there is to choose from: models, samplers, LoRAs, styles, and the options, which are read alone."""

from __future__ import annotations

from flask import Response, jsonify

from api.dialects.a1111.blueprint import a1111_blueprint
from core.catalog import get_catalog
from core.pictures.sampler_names import SAMPLERS
from core.settings import get_settings


@a1111_blueprint.get("/sdapi/v1/options")
def read_options() -> Response:
    """What holds if a call does not say otherwise. `override_settings` of a call chooses another model: nobody's call changes it for
    others.
    """
    return jsonify(sd_model_checkpoint=get_settings().default_model, samples_format="png", CLIP_stop_at_last_layers=1)


@a1111_blueprint.get("/sdapi/v1/sd-models")
def list_models() -> Response:
    """Every model that can be drawn with."""
    catalog = get_catalog()
    return jsonify(
        [
            {"title": id_, "model_name": id_, "hash": None, "sha256": None, "filename": id_, "config": None}
            for id_ in catalog.models
            if catalog.is_available(id_)
        ]
    )


@a1111_blueprint.get("/sdapi/v1/samplers")
def list_samplers() -> Response:
    """Those of the default model."""
    known = get_catalog().get(get_settings().default_model).schedulers
    names = dict.fromkeys(SAMPLERS[name][0] for name in known if name in SAMPLERS)
    return jsonify([{"name": name, "aliases": [], "options": {}} for name in names])


@a1111_blueprint.get("/sdapi/v1/schedulers")
def list_schedulers() -> Response:
    """Schedule types."""
    names = dict.fromkeys(kind for _, kind in SAMPLERS.values())
    return jsonify([{"name": name.lower(), "label": name, "aliases": None} for name in names])


@a1111_blueprint.get("/sdapi/v1/loras")
def list_loras() -> Response:
    """What `<lora:name:1>` in a prompt may name."""
    return jsonify([{"name": id_, "alias": id_, "path": id_, "metadata": {}} for id_ in get_catalog().loras])


@a1111_blueprint.get("/sdapi/v1/scripts")
def list_scripts() -> Response:
    """None: clients look here for extensions."""
    return jsonify(txt2img=[], img2img=[])
