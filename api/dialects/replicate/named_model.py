"""The models as Replicate's clients name them: `darkroom/ID`, and 64 digits for a version."""

from __future__ import annotations

import hashlib
import re

from core.catalog import Catalog, get_catalog
from core.errors import FieldError, InvalidRequest, ModelNotFound
from core.webhook_shapes.replicate import OWNER

_VERSION = re.compile(r"[0-9a-f]{64}")


def list_models(catalog: Catalog) -> list[str]:
    """The models that have been fetched."""
    return [id_ for id_ in catalog.models if catalog.is_available(id_)]


def find_model(owner: str, name: str) -> str:
    """The id of a model. Raises ModelNotFound."""
    catalog = get_catalog()
    if owner != OWNER or catalog.find(name) is None or not catalog.is_available(name):
        raise ModelNotFound(
            f"There is no model {owner}/{name}; there are {', '.join(f'{OWNER}/{id_}' for id_ in list_models(catalog))}."
        )
    return name


def find_version(owner: str, name: str, version: str) -> str:
    """The id of a model whose version it is. Raises ModelNotFound, also if other weights have taken the version's place."""
    model_id = find_model(owner, name)
    if build_version_id(model_id) != version:
        raise ModelNotFound(f"{owner}/{name} has no version {version}: its version is {build_version_id(model_id)}.")
    return model_id


def find_reference(reference: object) -> str:
    """The id of the model that a prediction's `version` names: the version alone, `darkroom/ID`, or both with a colon. Raises
    InvalidRequest.
    """
    if not isinstance(reference, str) or not reference:
        raise InvalidRequest([FieldError("version", f"is required: {OWNER}/ID, or the id of a version", "required")])
    try:
        if _VERSION.fullmatch(reference):
            found = [id_ for id_ in list_models(get_catalog()) if build_version_id(id_) == reference]
            if not found:
                raise ModelNotFound(f"There is no version {reference}.")
            return found[0]
        path, colon, version = reference.partition(":")
        owner, _, name = path.partition("/")
        return find_version(owner, name, version) if colon else find_model(owner, name)
    except ModelNotFound as error:
        raise InvalidRequest([FieldError("version", error.message, "not_found")]) from None


def build_version_id(model_id: str) -> str:
    """The version of a model: of its id and its exact weights. Raises ModelNotFetched."""
    return hashlib.sha256(f"{model_id} {get_catalog().revision(model_id)}".encode()).hexdigest()
