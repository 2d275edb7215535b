"""Load a pipeline: only safetensors, only from this machine, without foreign code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline
from diffusers.pipelines import pipeline_utils

from worker.rendering.adapters import Adapters, GetLora
from worker.rendering.batching import Batcher
from worker.rendering.models.extras.ip_adapter import build_switch
from worker.rendering.models.extras.join_stages import join_stages
from worker.rendering.models.extras.load import add_extras, load_components
from worker.rendering.models.extras.prior import PREFIX, PRIOR, load_prior
from worker.rendering.models.extras.redux import load_redux
from worker.rendering.models.extras.refiner import REFINER, load_refiner
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
        refiner = load_refiner(plan, pipeline, _choose_device_map(plan))
        redux = load_redux(plan)
    return prepare_model(pipeline, plan, get_lora, forwards=forwards, refiner=refiner, redux=redux)


def load_pipeline(plan: LoadPlan, shared: Mapping[str, torch.nn.Module]) -> Any:
    """The pipeline as its files have it. The weights go straight to the device, one file after the other, so that the host's
    memory needs to hold no more than one of them; a model whose weights stay there (`offload`) is loaded there.
    """
    device_map = _choose_device_map(plan)
    of_prior = {name: each for name, each in shared.items() if name.startswith(PREFIX)}
    own = {name: each for name, each in shared.items() if name not in of_prior}
    components = {**own, **load_components(plan, own, device_map)}
    load = _load_folder if plan.files.source.is_dir() else _load_single_file
    pipeline = load(plan, components)
    if PRIOR in plan.files.extras:
        pipeline = join_stages(pipeline, load_prior(plan, of_prior, device_map))
    return add_extras(pipeline, plan, device_map)


def prepare_model(
    pipeline: Any, plan: LoadPlan, get_lora: GetLora, *, forwards: int, refiner: Any = None, redux: Any = None
) -> LoadedModel:
    """The model of a pipeline that is in memory, ready to render on the plan's device. Raises ModelUnavailable, naming the
    switch, if the pipeline cannot do it.
    """
    # First, because it settles the autoencoder's dtype: offloading keeps copies of the weights as they are when it begins.
    switches: dict[str, Any] = {}
    for each in (pipeline, *([] if refiner is None else [refiner])):
        serialise_decoding(each, tile_above_pixels=plan.files.entry.vae_tiling_above_pixels)
        switches = apply_switches(each, plan.files.entry, plan.files.device, model_id=plan.files.model_id)
        each.set_progress_bar_config(disable=True)
    adapters = Adapters(pipeline, plan.files.model_id, get_lora)
    return LoadedModel(
        id=plan.files.model_id,
        entry=plan.files.entry,
        pipeline=pipeline,
        refiner=refiner,
        redux=redux,
        device=plan.files.device,
        dtype=plan.files.dtype,
        file_sha256=plan.file_sha256,
        switches=switches,
        batcher=Batcher(
            {**list_step_modules(pipeline), **_list_refining(refiner)},
            others=list_other_models(pipeline),
            name=plan.files.model_id,
            activate=build_switch(pipeline, adapters.activate),
            runners=forwards if can_run_side_by_side(plan.files.entry) else 1,
        ),
        adapters=adapters,
    )


def resident_parts(plan: LoadPlan, model: LoadedModel) -> tuple[Part, ...]:
    """The components of the loaded model that have weights, with their real sizes on the device."""
    parts = [Part(name, plan.address_of(name), module_bytes(module)) for name, module in model.modules.items()]
    return on_device_together(parts, plan.files.entry)


def _list_refining(refiner: Any) -> dict[str, torch.nn.Module]:
    """The denoiser of the refiner, if there is one, by a name of its own."""
    if refiner is None:
        return {}
    return {f"{REFINER}.{name}": module for name, module in list_step_modules(refiner).items()}


def _load_folder(plan: LoadPlan, components: Mapping[str, torch.nn.Module]) -> Any:
    pipeline_class = DiffusionPipeline if plan.files.entry.pipeline == "auto" else _get_class(plan)
    return pipeline_class.from_pretrained(
        plan.files.source,
        dtype=plan.files.dtype,
        variant=plan.variant,
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        device_map=_choose_device_map(plan),
        **components,
        **({} if plan.files.entry.safety_checker else _NO_CHECKER),
    )


def _load_single_file(plan: LoadPlan, components: Mapping[str, torch.nn.Module]) -> Any:
    return _get_class(plan).from_single_file(
        str(plan.files.source),
        config=str(plan.files.config),
        dtype=plan.files.dtype,
        local_files_only=True,
        device=_where_weights_go(plan),
        **components,
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
