"""Check a prompt without rendering it: the report that a job of it would have."""

from __future__ import annotations

from collections.abc import Mapping

from core.prompts.build_report import build_report
from core.prompts.prompt_report import PromptReport
from core.prompts.readers.known_readers import WhyUnknown, get_known_readers
from core.prompts.readers.read_texts import read_texts
from core.prompts.readers.reader import ModelReaders

_WHY: dict[WhyUnknown, str] = {
    "not_loaded_yet": "No worker has drawn with this model yet, so its tokenizers are not known.",
    "store_unavailable": "The object store, which holds the model's tokenizers, does not answer.",
}

_NOT_READABLE = "The model's tokenizers can be read by its worker alone: the report of a job counts the tokens."


def check_prompt(
    texts: Mapping[str, str], *, model_id: str, revision: str | None, takes_negative_prompt: bool | None
) -> PromptReport:
    """The report of the texts, by their fields, for a model's revision (None: it is not fetched yet).

    The tokenizers are read from the object store once and kept. Without them the report has no tokens, and says why.
    """
    found = "not_loaded_yet" if revision is None else get_known_readers().find(model_id, revision)
    if not isinstance(found, ModelReaders):
        return build_report(texts, None, tokens_missing=_WHY[found], takes_negative_prompt=takes_negative_prompt)
    readings = read_texts(texts.values(), found, get_known_readers())
    if texts and not readings:
        missing = "This model reads no text." if not found.readers else _NOT_READABLE
        return build_report(texts, None, tokens_missing=missing, takes_negative_prompt=takes_negative_prompt)
    return build_report(texts, readings, takes_negative_prompt=takes_negative_prompt)
