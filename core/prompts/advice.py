"""Plain advice: what would make a prompt work better with this model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.prompts.examined_text import ExaminedText
from core.prompts.prompt_report import AdviceCode, AdviceView, ContradictionView, SpanView, TokensView
from core.prompts.syntax import SyntaxKind

_NO_WEIGHTS = "Words are not weighed here: brackets, signs and numbers go to the text encoder as text. Leave them out, and say what matters most first."

#: What a model here makes of each notation: none of them is read as what it is elsewhere.
_NOTATIONS: dict[SyntaxKind, tuple[AdviceCode, str]] = {
    "weight": (
        "weights_not_read",
        _NO_WEIGHTS,
    ),
    "emphasis": (
        "weights_not_read",
        _NO_WEIGHTS,
    ),
    "break": (
        "break_not_read",
        "BREAK does not divide a prompt here: it is read as a word. A long prompt is divided by itself where the model can.",
    ),
    "lora": ("lora_tag_not_read", "A LoRA tag loads nothing here: name the LoRA in `loras`."),
    "embedding": (
        "embedding_not_read",
        "An embedding is not loaded by its name here: a model's textual inversions stand in its section of the models file.",
    ),
    "schedule": (
        "schedule_not_read",
        "Words do not change over the steps here: brackets with | or : go to the text encoder as text.",
    ),
    "parameter": (
        "parameter_not_read",
        "Options in the prompt are read as words here: use the fields of the request, such as `aspect_ratio`.",
    ),
}

#: Words of a prompt that is long enough to miss something in.
_ENOUGH_WORDS = 3


def give_advice(
    texts: Sequence[ExaminedText],
    tokens: Sequence[TokensView],
    contradictions: Sequence[ContradictionView],
    *,
    takes_negative_prompt: bool | None,
) -> list[AdviceView]:
    """Returns the advice, the most important first. `takes_negative_prompt`: None if that is not known."""
    return [
        *_on_cut_off(tokens),
        *_on_negations(contradictions, texts, takes_negative_prompt=takes_negative_prompt),
        *_on_notations(texts),
        *_on_broken_words(tokens),
        *_on_praise(texts),
        *_on_what_is_missing(texts),
    ]


def _on_cut_off(tokens: Sequence[TokensView]) -> Iterator[AdviceView]:
    for each in tokens:
        if each.read < each.tokens:
            others = [one.tokenizer for one in tokens if one.field == each.field and one.read == one.tokens]
            rest = f" ({' and '.join(others)} read all of it)" if others else ""
            yield AdviceView(
                code="cut_off",
                message=f"{each.field} has {each.tokens} tokens, of which {each.tokenizer} reads the first {each.read}{rest}: what comes behind has no effect there. Shorten it, or say the most important things first.",
                spans=[] if each.cut_off is None else [each.cut_off],
            )


def _on_negations(
    contradictions: Sequence[ContradictionView], texts: Sequence[ExaminedText], *, takes_negative_prompt: bool | None
) -> Iterator[AdviceView]:
    spans = [span for each in contradictions if each.code == "negation" for span in each.spans]
    if spans and takes_negative_prompt is not False:
        yield AdviceView(
            code="use_negative_prompt",
            message="Name what is not to be seen in `negative_prompt`, without “no” or “without”, and leave it out of the prompt.",
            spans=spans,
        )
    elif spans:
        yield AdviceView(
            code="no_negative_prompt",
            message="This model takes no negative prompt: leave out what is not to be seen, and say what is there in its place.",
            spans=spans,
        )
    in_negative = [text.show_words(first, last) for text in texts if text.is_negative for first, last in text.negations]
    if in_negative:
        yield AdviceView(
            code="use_negative_prompt",
            message="A negative prompt already says what is not to be seen: write “people”, not “no people”.",
            spans=in_negative,
        )


def _on_notations(texts: Sequence[ExaminedText]) -> Iterator[AdviceView]:
    spans: dict[tuple[AdviceCode, str], list[SpanView]] = {}
    for text in texts:
        for each in text.notations:
            spans.setdefault(_NOTATIONS[each.kind], []).append(text.show(each.start, each.end))
    for (code, message), places in spans.items():
        yield AdviceView(code=code, message=message, spans=places)


def _on_broken_words(tokens: Sequence[TokensView]) -> Iterator[AdviceView]:
    spans = {
        (word.field, word.start): SpanView(**word.model_dump(exclude={"pieces"}))
        for each in tokens
        for word in each.broken_words
    }
    if spans:
        yield AdviceView(
            code="broken_words",
            message="The model hardly knows these words: its tokenizer breaks them into scraps. A more usual word may work better.",
            spans=list(spans.values()),
        )


def _on_praise(texts: Sequence[ExaminedText]) -> Iterator[AdviceView]:
    spans = [
        text.show_words(each.first, each.last)
        for text in texts
        if not text.is_negative
        for each in text.elements
        if each.kind == "praise"
    ]
    if spans:
        yield AdviceView(
            code="praise",
            message="These words praise the picture and say nothing of what is in it. Some models were trained on them; others draw better with light, materials and a viewpoint in their place.",
            spans=spans,
        )


def _on_what_is_missing(texts: Sequence[ExaminedText]) -> Iterator[AdviceView]:
    positive = [text for text in texts if not text.is_negative]
    if sum(len(text.words) for text in positive) < _ENOUGH_WORDS:
        return
    kinds = {each.kind for text in positive for each in text.elements if not each.negated}
    if not kinds:
        yield AdviceView(
            code="nothing_recognised",
            message="Nothing was recognised. The lexicon is English, and so are the captions that most models were trained on.",
            spans=[],
        )
        return
    if "object" not in kinds:
        yield AdviceView(code="no_object", message="No object was recognised: say what is to be seen.", spans=[])
    if "style" not in kinds:
        yield AdviceView(
            code="no_style",
            message="No style is named, so the model chooses one: say for example “product photo”, “watercolour” or “line art”.",
            spans=[],
        )
