"""Load a pipeline: only safetensors, only from this machine, without foreign code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import diffusers
import torch
from diffusers import AutoPipelineForText2Image, DiffusionPipeline
from diffusers.pipelines import pipeline_utils

from worker.rendering.adapters import Adapters, GetLora
from worker.rendering.batching import Batcher
from worker.rendering.models.loaded_model import LoadedModel
from worker.rendering.models.memory import module_bytes
from worker.rendering.models.plan_load import LoadPlan, Part, on_device_together
from worker.rendering.models.switches import apply_switches, can_run_side_by_side, refuse_impossible_switches
from worker.rendering.modules.build_alone import building_modules
from worker.rendering.modules.decode_in_turn import serialise_decoding
from worker.rendering.modules.list_denoisers import list_other_models, list_step_modules

#: In the place of the safety checker that a pipeline's own files name.
_NO_CHECKER: dict[str, Any] = {"safety_checker": None, "requires_safety_checker": False}


def load_model(
    plan: LoadPlan, shared: Mapping[str, torch.nn.Module], get_lora: GetLora, *, forwards: int
) -> LoadedModel:
    """The model on its device with its switches on. `shared` holds components, by name, that another model has loaded;
    `get_lora` returns the file of a LoRA that a job names. `forwards` of the model run side by side, if it can.

    Raises ModelUnavailable (naming the switch) if a switch cannot work here, and whatever diffusers raises.
    """
    refuse_impossible_switches(plan.files.entry, plan.files.device)
    with building_modules():
        pipeline = load_pipeline(plan, shared)
    return prepare_model(pipeline, plan, get_lora, forwards=forwards)


def load_pipeline(plan: LoadPlan, shared: Mapping[str, torch.nn.Module]) -> Any:
    """The pipeline as its files have it. The weights go straight to the device, one file after the other, so that the host's
    memory needs to hold no more than one of them; a model whose weights stay there (`offload`) is loaded there.
    """
    pipeline = _load_folder(plan, shared) if plan.files.source.is_dir() else _load_single_file(plan)
    return pipeline if plan.files.controlnet is None else _with_controlnet(pipeline, plan)


def prepare_model(pipeline: Any, plan: LoadPlan, get_lora: GetLora, *, forwards: int) -> LoadedModel:
    """The model of a pipeline that is in memory, ready to render on the plan's device. Raises ModelUnavailable, naming the
    switch, if the pipeline cannot do it.
    """
    # First, because it settles the autoencoder's dtype: offloading keeps copies of the weights as they are when it begins.
    serialise_decoding(pipeline, tile_above_pixels=plan.files.entry.vae_tiling_above_pixels)
    switches = apply_switches(pipeline, plan.files.entry, plan.files.device, model_id=plan.files.model_id)
    pipeline.set_progress_bar_config(disable=True)
    adapters = Adapters(pipeline, plan.files.model_id, get_lora)
    return LoadedModel(
        id=plan.files.model_id,
        entry=plan.files.entry,
        pipeline=pipeline,
        device=plan.files.device,
        dtype=plan.files.dtype,
        file_sha256=plan.file_sha256,
        switches=switches,
        batcher=Batcher(
            list_step_modules(pipeline),
            others=list_other_models(pipeline),
            name=plan.files.model_id,
            activate=adapters.activate,
            runners=forwards if can_run_side_by_side(plan.files.entry) else 1,
        ),
        adapters=adapters,
    )


def resident_parts(plan: LoadPlan, model: LoadedModel) -> tuple[Part, ...]:
    """The components of the loaded model that have weights, with their real sizes on the device."""
    modules = {name: item for name, item in model.pipeline.components.items() if isinstance(item, torch.nn.Module)}
    parts = [Part(name, plan.address_of(name), module_bytes(module)) for name, module in modules.items()]
    return on_device_together(parts, plan.files.entry)


def _load_folder(plan: LoadPlan, shared: Mapping[str, torch.nn.Module]) -> Any:
    pipeline_class = DiffusionPipeline if plan.files.entry.pipeline == "auto" else _get_class(plan)
    return pipeline_class.from_pretrained(
        plan.files.source,
        dtype=plan.files.dtype,
        variant=plan.variant,
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        device_map=_choose_device_map(plan),
        **shared,
        **({} if plan.files.entry.safety_checker else _NO_CHECKER),
    )


def _load_single_file(plan: LoadPlan) -> Any:
    return _get_class(plan).from_single_file(
        str(plan.files.source),
        config=str(plan.files.config),
        dtype=plan.files.dtype,
        local_files_only=True,
        device=_where_weights_go(plan),
    )


def _where_weights_go(plan: LoadPlan) -> torch.device:
    return plan.files.device if plan.files.entry.offload == "none" else torch.device("cpu")


def _choose_device_map(plan: LoadPlan) -> str | None:
    """diffusers' name for where a pipeline's weights go; None for the host."""
    device = _where_weights_go(plan)
    if device.type == "cpu" or getattr(_get_class(plan), "_load_connected_pipes", False):
        return None
    # Every component takes the name of any device, but the pipeline only those of this list, and no `cuda:1`.
    if str(device) not in pipeline_utils.SUPPORTED_DEVICE_MAP:
        pipeline_utils.SUPPORTED_DEVICE_MAP.append(str(device))
    return str(device)


def _get_class(plan: LoadPlan) -> Any:
    named = plan.files.entry.pipeline
    return getattr(diffusers, plan.model_index["_class_name"] if named == "auto" else named)


def _with_controlnet(pipeline: Any, plan: LoadPlan) -> Any:
    folder: Any = plan.files.controlnet
    class_name = json.loads((folder / "config.json").read_text(encoding="utf-8"))["_class_name"]
    controlnet = getattr(diffusers, class_name).from_pretrained(
        folder,
        dtype=plan.files.dtype,
        use_safetensors=True,
        local_files_only=True,
        device_map=_choose_device_map(plan),
    )
    return AutoPipelineForText2Image.from_pipe(pipeline, controlnet=controlnet)
