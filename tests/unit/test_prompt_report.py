"""The prompt report: what it finds in a text, where, and what it makes of it."""

from __future__ import annotations

import random

import pytest

from bench.prompts.evaluate import KINDS, evaluate
from bench.prompts.marked_prompts import Half, read_marked
from core.prompts.build_report import build_report, list_texts
from core.prompts.lexicon import get_lexicon
from core.prompts.prompt_report import PromptReport
from core.prompts.token_reading import TokenReading


def _report(prompt: str, negative_prompt: str = "", **options: bool | None) -> PromptReport:
    texts = list_texts({"prompt": prompt, "negative_prompt": negative_prompt, "model": "no text"})
    return build_report(texts, None, takes_negative_prompt=options.get("takes_negative_prompt", True))


def _named(prompt: str) -> list[tuple[str, str, str]]:
    return [(each.kind, each.name, each.text) for each in _report(prompt).elements]


def _advice(report: PromptReport) -> dict[str, list[str]]:
    return {each.code: [span.text for span in each.spans] for each in report.advice}


@pytest.mark.parametrize("half", ["development", "held_out"])
def test_it_finds_what_people_name(half: Half) -> None:
    """On a hundred marked prompts: objects, colours and styles with precision of 0.9 and recall of 0.85 at least."""
    prompts = read_marked(half)
    assert len(prompts) == 100
    assert sum(prompt.group == "wild" for prompt in prompts) == 10

    score = evaluate(prompts)

    for kind in KINDS:
        assert score.found[kind] + score.missed[kind] > 70
        assert score.precision(kind) >= 0.9, score.faults
        assert score.exact_recall(kind) >= 0.85, score.faults


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("two red mugs", [("colour", "red", "red"), ("object", "mug", "mugs")]),
        ("a Dark-Blue coffee mug", [("colour", "dark blue", "Dark-Blue"), ("object", "coffee mug", "coffee mug")]),
        ("grey and gray", [("colour", "grey", "grey"), ("colour", "grey", "gray")]),
        ("an orange", [("object", "orange", "orange")]),
        ("an orange cat", [("colour", "orange", "orange"), ("object", "cat", "cat")]),
        ("oranges, orange wall", [("object", "orange", "oranges"), ("colour", "orange", "orange"), ("object", "wall", "wall")]),
        ("lavender sprigs", [("object", "lavender sprig", "lavender sprigs")]),
        ("glass bottle, a glass", [("material", "glass", "glass"), ("object", "bottle", "bottle"), ("object", "glass", "glass")]),
        ("oil painting", [("style", "oil painting", "oil painting")]),
        ("mid century_modern chair", [("style", "mid century modern", "mid century_modern"), ("object", "chair", "chair")]),
        ("black & white photo", [("style", "black and white photo", "black & white photo")]),
        ("golden hour, low angle, linen", [("lighting", "golden hour", "golden hour"), ("composition", "low angle", "low angle"), ("material", "linen", "linen")]),
        ("children, knives, cherries, leaves", [("object", "child", "children"), ("object", "knife", "knives"), ("object", "cherry", "cherries"), ("object", "leaf", "leaves")]),
        ("soft light blue wall", [("colour", "soft light blue", "soft light blue"), ("object", "wall", "wall")]),
        ("cat, dog", [("object", "cat", "cat"), ("object", "dog", "dog")]),
        ("", []),
    ],
)  # fmt: skip
def test_the_longest_name_wins_in_any_form(prompt: str, expected: list[tuple[str, str, str]]) -> None:
    """Names of several words, plurals and other spellings are one name; neighbours decide what a word of two meanings is."""
    assert _named(prompt) == expected


def test_places_are_code_points_of_the_text_as_it_was_sent() -> None:
    """Behind an emoji and accents, too, and around what a notation puts beside the words."""
    prompt = "🦊🦊 à côté, ((red mug:1.2)) 🏔️ BLUE sky"
    report = _report(prompt)

    assert [(each.text, prompt[each.start : each.end]) for each in report.elements] == [
        (text, text) for text in ("red", "mug", "BLUE", "sky")
    ]
    assert report.elements[0].start == prompt.index("red")


@pytest.mark.parametrize(
    ("prompt", "negative_prompt", "expected"),
    [
        ("red mug, blue mug", "", []),
        ("a red and blue mug, small mugs and large mugs", "", []),
        ("a small mug on a large table", "", []),
        ("a small large mug", "", [("opposites", ["small", "large"])]),
        ("black and white, colourful", "", [("opposites", ["black and white", "colourful"])]),
        ("a black and white cat on a colourful rug", "", []),
        ("a table, no mug", "", [("negation", ["no mug"])]),
        ("a mug without any handles on a table", "", [("negation", ["without any handles"])]),
        ("a red mug", "a mug, blurry", [("in_both_prompts", ["mug", "mug"])]),
        ("a hand", "deformed hands", []),
        ("a photo of hands", "photo", [("in_both_prompts", ["photo", "photo"])]),
        ("at night, noon sun", "", [("opposites", ["at night", "noon sun"])]),
        ("nothing here", "no mug", []),
    ],
)
def test_what_contradicts_itself(prompt: str, negative_prompt: str, expected: list[tuple[str, list[str]]]) -> None:
    """Opposites of one thing or of the whole picture, negations, and what is asked for and excluded; not two things."""
    found = _report(prompt, negative_prompt).contradictions

    assert [(each.code, [span.text for span in each.spans]) for each in found] == expected


def test_a_negated_thing_is_named_but_marked() -> None:
    """A page can strike it through."""
    report = _report("a table, no mug")
    assert [(each.name, each.negated) for each in report.elements] == [("table", False), ("mug", True)]


def test_advice_on_negations_depends_on_the_model() -> None:
    """A model without a negative prompt is not advised to use one."""
    assert _advice(_report("a photo of a table, no mug")) == {"use_negative_prompt": ["no mug"]}
    other = _report("a photo of a table, no mug", takes_negative_prompt=False)
    assert _advice(other) == {"no_negative_prompt": ["no mug"]}
    assert _advice(_report("a photo of a table", "no people")) == {"use_negative_prompt": ["no people"]}


def test_notations_of_other_programs_are_understood_as_such() -> None:
    """Each has its words and its weight, and advice; file names and options are no words of the picture."""
    prompt = "(red mug:1.3), ((cat)) BREAK <lora:blue_sky:0.8>, a[|b], [dog|fox], storm++, embedding:tree --ar 16:9"
    report = _report(prompt)

    found = [(each.kind, each.text, each.words and each.words.text, each.weight) for each in report.notations]
    assert found == [
        ("weight", "(red mug:1.3)", "red mug", 1.3),
        ("emphasis", "((cat))", "cat", None),
        ("break", "BREAK", None, None),
        ("lora", "<lora:blue_sky:0.8>", None, 0.8),
        ("schedule", "[|b]", "|b", None),
        ("schedule", "[dog|fox]", "dog|fox", None),
        ("emphasis", "++", None, None),
        ("embedding", "embedding:tree", None, None),
        ("parameter", "--ar 16:9", None, None),
    ]
    assert [each.name for each in report.notations if each.kind in {"lora", "embedding"}] == ["blue_sky", "tree"]
    assert [each.name for each in report.elements if each.kind == "object"] == ["mug", "cat", "dog", "fox"]
    advice = _advice(report)
    assert advice["weights_not_read"] == ["(red mug:1.3)", "((cat))", "++"]
    assert {
        "break_not_read",
        "lora_tag_not_read",
        "schedule_not_read",
        "embedding_not_read",
        "parameter_not_read",
    } < set(advice)


def test_praise_is_told_from_what_is_to_be_seen() -> None:
    """The wild spelling of galleries."""
    assert _advice(_report("masterpiece, 8k, a photo of a mug, trending on artstation"))["praise"] == [
        *("masterpiece", "8k", "trending on artstation")
    ]


def test_what_is_missing_is_named() -> None:
    """A text without an object, without a style, or in another language."""
    assert set(_advice(_report("a mug on the table"))) == {"no_style"}
    assert set(_advice(_report("watercolour in soft light"))) == {"no_object"}
    assert set(_advice(_report("une tasse bleue ici"))) == {"nothing_recognised"}
    assert _advice(_report("mug")) == {}


def test_what_is_cut_off_is_shown_with_its_place() -> None:
    """Also which encoder reads all of it; words in scraps are named once."""
    text = "a xqzwv mug and a xqzwv cat"
    spans = (
        (0, 1),
        (2, 4),
        (4, 5),
        (5, 6),
        (6, 7),
        (8, 11),
        (12, 15),
        (16, 17),
        (18, 20),
        (20, 21),
        (21, 22),
        (22, 23),
        (24, 27),
    )
    first = TokenReading("tokenizer", text, tokens=13, read=6, limit=6, spans=spans)
    second = TokenReading("tokenizer_2", text, tokens=13, read=13, limit=None, spans=spans)

    report = build_report({"prompt": text}, [first, second])

    assert report.tokens is not None
    [one, two] = report.tokens
    assert one.cut_off is not None
    assert (one.cut_off.text, one.cut_off.start, one.cut_off.end) == ("and a xqzwv cat", 12, 27)
    assert two.cut_off is None
    assert [(word.text, word.start, word.pieces) for word in one.broken_words] == [("xqzwv", 2, 4)]
    [advice] = [each for each in report.advice if each.code == "cut_off"]
    assert "tokenizer reads the first 6 (tokenizer_2 read all of it)" in advice.message
    assert _advice(report)["broken_words"] == ["xqzwv"]


def test_elements_never_overlap() -> None:
    """Whatever words meet: each element is where its text is, and begins behind the one before it."""
    chance = random.Random(7)
    lexicon = get_lexicon()
    names = [" ".join(keys) for keys in lexicon.names] + sorted(lexicon.shades) * 20 + [",", "and", "a", "no"] * 300
    for _ in range(200):
        prompt = " ".join(chance.choices(names, k=60))
        end = 0
        for each in _report(prompt).elements:
            assert end <= each.start < each.end
            assert each.text == prompt[each.start : each.end]
            end = each.end


def test_hostile_texts_are_read_in_time() -> None:
    """The longest prompts, of brackets, colons and negations: no pattern goes back and forth in them."""
    for piece in ("(", "((", "[a|", "<lora:", "no ", "a:", "small large ", "::", "--", "🦊", "((a)) ", "black "):
        report = _report((piece * 4000)[:4000], (piece * 4000)[:4000])
        assert len(report.elements) <= 600
