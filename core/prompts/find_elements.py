"""Find what a prompt names: objects, colours, styles, light, composition, materials; the longest names win."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.prompts.lexicon import Kind, Lexicon, get_lexicon
from core.prompts.words import Word

#: The kinds that a name may be in doubt between: the first that is possible, if its neighbours do not say otherwise.
_BY_DEFAULT: tuple[Kind, ...] = ("colour", "lighting", "style", "composition", "object", "material", "praise")

#: Words between a colour and the thing that has it: "an orange striped woollen scarf".
_MOST_BETWEEN = 2


@dataclass(frozen=True)
class Element:
    """Something that is named: the words `first` to before `last`."""

    kind: Kind
    #: Canonical: in the singular, and the same for all names of one thing.
    name: str
    first: int
    last: int
    is_plural: bool = False
    #: Whether the words say that it is not to be there.
    negated: bool = False


@dataclass(frozen=True)
class _Named:
    by_kind: Mapping[Kind, str]
    first: int
    last: int
    is_plural: bool


def find_elements(words: Sequence[Word], lexicon: Lexicon | None = None) -> list[Element]:
    """Returns what the words name, in their order, without overlaps."""
    lexicon = lexicon or get_lexicon()
    named = list(_list_named(words, lexicon))
    elements: list[Element] = []
    for number, each in enumerate(named):
        following = named[number + 1] if number + 1 < len(named) else None
        kind = _choose_kind(each, following, words, lexicon)
        elements.append(Element(kind, each.by_kind[kind], each.first, each.last, each.is_plural))
    ends = [0, *(element.last for element in elements)]
    shaded = [_with_shades(each, words, lexicon, after=end) for each, end in zip(elements, ends, strict=False)]
    return _join_compounds(shaded, words)


def _list_named(words: Sequence[Word], lexicon: Lexicon) -> Iterator[_Named]:
    index = 0
    while index < len(words):
        found = lexicon.find_names(words, index)
        if found is None or _is_shade(words, index, found.length, lexicon):
            index += 1
            continue
        yield _Named(found.by_kind, index, index + found.length, found.is_plural)
        index += found.length


def _is_shade(words: Sequence[Word], index: int, length: int, lexicon: Lexicon) -> bool:
    """Whether the words say how the colour after them is: "mustard yellow", "soft light blue"."""
    end = index + length
    if end >= len(words) or not words[end].follows or any(each.key not in lexicon.shades for each in words[index:end]):
        return False
    following = lexicon.find_names(words, end)
    return following is not None and "colour" in following.by_kind


def _choose_kind(named: _Named, following: _Named | None, words: Sequence[Word], lexicon: Lexicon) -> Kind:
    kinds = named.by_kind
    if len(kinds) == 1:
        return next(iter(kinds))
    describes = _describes(named, following, words, lexicon)
    if "colour" in kinds and not _is_no_colour(named, following, words, lexicon, describes=describes):
        return "colour"
    if "material" in kinds and (describes or _comes_after(named, words, {"of", "from", "in"})):
        return "material"
    if "object" in kinds and ("colour" in kinds or _is_counted(named, words, lexicon)):
        return "object"
    return next(kind for kind in _BY_DEFAULT if kind in kinds and kind != "colour")


def _is_no_colour(
    named: _Named, following: _Named | None, words: Sequence[Word], lexicon: Lexicon, *, describes: bool
) -> bool:
    """Whether the name of a colour is rather that of a thing or a material here."""
    key = words[named.first].key if named.last - named.first == 1 else ""
    if describes and "material" in named.by_kind:
        return key in lexicon.rather_materials
    if "object" not in named.by_kind:
        return False
    if not describes:
        return key in lexicon.rather_things or _is_counted(named, words, lexicon)
    thing = "" if following is None else following.by_kind.get("object", "")
    return thing in lexicon.things_of_plants and following is not None and following.first == named.last


def _is_counted(named: _Named, words: Sequence[Word], lexicon: Lexicon) -> bool:
    """In the plural, or after an article or a number."""
    return named.is_plural or (
        named.first > 0 and words[named.first].follows and words[named.first - 1].key in lexicon.determiners
    )


def _describes(named: _Named, following: _Named | None, words: Sequence[Word], lexicon: Lexicon) -> bool:
    """Whether what is named describes a thing that comes next in the same phrase."""
    if named.is_plural:
        return False
    for index in range(named.last, min(named.last + _MOST_BETWEEN + 1, len(words))):
        word = words[index]
        if not word.follows or word.key in lexicon.boundaries - {"and"}:
            return False
        if word.key in lexicon.carry_colours or any(
            each in lexicon.carry_colours for each in lexicon.list_singulars(word.key)
        ):
            return True
        if following is not None and following.first == index:
            return bool(following.by_kind.keys() & {"object", "material", "lighting", "style"})
    return False


def _comes_after(named: _Named, words: Sequence[Word], keys: set[str]) -> bool:
    return named.first > 0 and words[named.first].follows and words[named.first - 1].key in keys


def _with_shades(element: Element, words: Sequence[Word], lexicon: Lexicon, *, after: int) -> Element:
    """A colour with the words before it that shade it, from the word `after` on."""
    if element.kind != "colour":
        return element
    first = element.first
    while first > after and words[first].follows and words[first - 1].key in lexicon.shades:
        first -= 1
    if first == element.first:
        return element
    shades = [words[index].key for index in range(first, element.first)]
    return replace(element, first=first, name=" ".join([*shades, element.name]))


def _join_compounds(elements: Sequence[Element], words: Sequence[Word]) -> list[Element]:
    """Objects that follow one another directly are one: "kitchen table", "samurai cat"."""
    joined: list[Element] = []
    for element in elements:
        before = joined[-1] if joined else None
        if (
            before is not None
            and before.kind == element.kind == "object"
            and not before.is_plural
            and before.last == element.first
            and words[element.first].follows
        ):
            joined[-1] = replace(element, first=before.first, name=f"{before.name} {element.name}")
        else:
            joined.append(element)
    return joined
