"""The lexicon: names of objects, colours, styles, light, composition and materials, read from the files in `lexicon/`."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from core.prompts.words import Word, split_words

Kind = Literal["object", "colour", "style", "lighting", "composition", "material", "praise"]

_FOLDER = Path(__file__).parent / "lexicon"

#: The file of each kind.
_FILES: dict[Kind, str] = {
    "object": "objects.txt",
    "colour": "colours.txt",
    "style": "styles.txt",
    "lighting": "lighting.txt",
    "composition": "composition.txt",
    "material": "materials.txt",
    "praise": "praise.txt",
}

#: Lists of words in `rules.toml` that have an attribute of the same name.
_WORD_LISTS = (
    *("shades", "carry_colours", "rather_materials", "rather_things", "things_of_plants"),
    *("determiners", "boundaries"),
)

_Keys = tuple[str, ...]


@dataclass(frozen=True)
class Opposites:
    """Words of which each side excludes the others."""

    #: Within what describes one thing, or in the whole prompt.
    scope: Literal["phrase", "prompt"]
    #: The side that a name belongs to.
    sides: Mapping[_Keys, int]
    #: The most words of a name, by its first word.
    longest: Mapping[str, int]


class Names(NamedTuple):
    """What the words from some place on name."""

    #: How many words.
    length: int
    #: The canonical name for each kind of thing that they can be.
    by_kind: Mapping[Kind, str]
    is_plural: bool


@dataclass(frozen=True)
class Lexicon:
    """All names, and the rules beside them. `rules.toml` explains these."""

    names: Mapping[_Keys, Mapping[Kind, str]]
    #: The most words of a name, by its first word.
    longest: Mapping[str, int]
    irregular: Mapping[str, str]
    shades: frozenset[str]
    carry_colours: frozenset[str]
    rather_materials: frozenset[str]
    rather_things: frozenset[str]
    things_of_plants: frozenset[str]
    determiners: frozenset[str]
    boundaries: frozenset[str]
    negations: frozenset[_Keys]
    opposites: tuple[Opposites, ...]

    def find_names(self, words: Sequence[Word], index: int) -> Names | None:
        """Returns the longest name that begins at this word; None if there is none."""
        most = self.longest.get(words[index].key, 0)
        # A name of one word may stand there in its plural.
        keys = list_joined(words, index, max(most, 1))
        for length in range(len(keys), 0, -1):
            for last in (keys[length - 1], *self.list_singulars(keys[length - 1])):
                by_kind = self.names.get((*keys[: length - 1], last))
                if by_kind is not None:
                    return Names(length, by_kind, last != keys[length - 1])
        return None

    def list_singulars(self, key: str) -> Iterator[str]:
        """The words of which this may be the plural, by the rules of English."""
        if key in self.irregular:
            yield self.irregular[key]
            return
        if len(key) < 4 or not key.endswith("s") or key.endswith(("ss", "us")):  # noqa: PLR2004  (no plural is shorter)
            return
        yield key[:-1]
        if key.endswith("ies"):
            yield f"{key[:-3]}y"
        elif key.endswith("ves"):
            yield from (f"{key[:-3]}f", f"{key[:-3]}fe")
        elif key.endswith("es"):
            yield key[:-2]


@cache
def get_lexicon() -> Lexicon:
    """The lexicon that ships, read at its first use."""
    names: dict[_Keys, dict[Kind, str]] = {}
    for kind, file in _FILES.items():
        for canonical, name in _read_names(_FOLDER / file):
            names.setdefault(split_keys(name), {})[kind] = canonical
    rules = tomllib.loads((_FOLDER / "rules.toml").read_text(encoding="utf-8"))
    return Lexicon(
        names=names,
        longest=_measure(names),
        irregular=rules["plurals"],
        negations=frozenset(split_keys(name) for name in rules["negations"]),
        opposites=tuple(_read_opposites(each) for each in rules["opposites"]),
        **{name: frozenset(rules[name]) for name in _WORD_LISTS},
    )


def split_keys(name: str) -> _Keys:
    """A name as keys of its words."""
    return tuple(word.key for word in split_words(name))


def list_kinds() -> tuple[Kind, ...]:
    """The kinds of things that are recognised."""
    return get_args(Kind)


def _read_names(path: Path) -> Iterator[tuple[str, str]]:
    """Pairs of a canonical name and a name for it: `name, name` or `name = another name, …` on each line."""
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0]
        first, is_same, others = text.partition("=")
        names = [name.strip() for name in first.split(",") if name.strip()]
        yield from ((name, name) for name in names)
        if is_same:
            yield from ((names[-1], other.strip()) for other in others.split(",") if other.strip())


def _read_opposites(rule: Mapping[str, Any]) -> Opposites:
    sides = {split_keys(name): number for number, side in enumerate(rule["sides"]) for name in side}
    return Opposites(rule["scope"], sides, _measure(sides))


def _measure(names: Collection[_Keys]) -> dict[str, int]:
    longest: dict[str, int] = {}
    for keys in names:
        longest[keys[0]] = max(longest.get(keys[0], 0), len(keys))
    return longest


def list_joined(words: Sequence[Word], index: int, most: int) -> _Keys:
    """The keys of up to `most` words from the index on that nothing separates."""
    keys = [words[index].key]
    for word in words[index + 1 : index + most]:
        if not word.follows:
            break
        keys.append(word.key)
    return tuple(keys)
