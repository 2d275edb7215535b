"""The models that this deployment serves, read from `models.toml`."""

from __future__ import annotations

from core.catalog.abilities import Abilities, find_abilities
from core.catalog.catalog import Catalog, get_catalog, load_catalog
from core.catalog.configuration import ModelConfiguration
from core.catalog.entry import ModelEntry
from core.catalog.families import (
    ClassFacts,
    Task,
    find_family,
    find_joined_class,
    is_controlled,
    list_families,
    list_refused,
    list_stage_classes,
)
from core.catalog.lora import LoraEntry, LoraScale
from core.catalog.schedulers import find_least_steps
from core.catalog.signatures import (
    Parameter,
    PipelineSignature,
    StepRounding,
    find_drawing_signature,
    find_signature,
    find_task_signature,
    list_pipeline_classes,
    takes_eta,
)
from core.catalog.sources import FileSource, FolderSource, HubFileSource, HubSource, Source

__all__ = [
    "Abilities",
    "Catalog",
    "ClassFacts",
    "FileSource",
    "FolderSource",
    "HubFileSource",
    "HubSource",
    "LoraEntry",
    "LoraScale",
    "ModelConfiguration",
    "ModelEntry",
    "Parameter",
    "PipelineSignature",
    "Source",
    "StepRounding",
    "Task",
    "find_abilities",
    "find_drawing_signature",
    "find_family",
    "find_joined_class",
    "find_least_steps",
    "find_signature",
    "find_task_signature",
    "get_catalog",
    "is_controlled",
    "list_families",
    "list_pipeline_classes",
    "list_refused",
    "list_stage_classes",
    "load_catalog",
    "takes_eta",
]
