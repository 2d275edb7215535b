"""The table of pipeline classes for people: what `darkroom-models families` prints, and docs/families.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from core.catalog.abilities import Abilities, find_abilities
from core.catalog.families import Family, Task, list_families, list_refused
from core.catalog.measured import find_measured
from core.catalog.signatures import find_signature

_HEAD = (
    *("class", "family", "tasks", "schedulers"),
    *("batched", "resumable", "preview", "several images", "largest difference"),
)
_NOT_MEASURED = "–"

_PAGE = """# Families

Every pipeline class of the installed diffusers: what serves which task, and what is refused, with the reason. This page is written by
`darkroom-models families --markdown > docs/families.md`, from [`families.toml`](../core/catalog/families.toml) and from what
`python -m bench.families --write` measured with a tiny model of each class on a CPU.

- **family**: a model that is loaded for one class of a family serves the tasks of all of them.
- **tasks**: `(control)` is with a control image, by a ControlNet. `(with a prior)` and `(as the prior)` are the two stages of a
  model in two folders ([`prior`](models.md#priors)). [models.md](models.md#tasks) says what each task is.
- **schedulers**: `noise`, `flow` and `lcm` are rows of [Schedulers](models.md#schedulers); `own` is the model's own alone.
- **batched**: jobs share forwards. **resumable**: a render resumes in another process, bit for bit. **several images**: of one job.
- **largest difference**: of a job that shares forwards from the same job alone, as a part of the range of latents and pixels.
  A job alone equals the bare diffusers pipeline bit for bit, in every class that is measured, with as many of torch's threads (a
  job that is to be so on a CPU is [`deterministic`](requests.md#seeds)). Two classes are compared with a pipeline whose autoencoder works as in Darkroom: JoyImage-Edit decodes its picture and the result in one call, which rounds
  otherwise (one level of 256), and Z-Image Omni encodes pictures in bfloat16, whatever its autoencoder is in.
- `–` is not measured.
- A class that runs two of diffusers', for which diffusers has none of both stages, is a row, and not counted.

"""


@dataclass(frozen=True)
class FamilyRow:
    """One class, and all that it serves."""

    class_name: str
    families: tuple[str, ...]
    #: Whether it is Darkroom's own, and no class of diffusers.
    is_ours: bool
    #: With a mark for those that need a control image.
    tasks: tuple[str, ...]
    #: Which kind of schedulers its models may have; None: not measured.
    schedulers: str | None
    #: By task.
    abilities: dict[Task, Abilities]

    def list_cells(self) -> tuple[str, ...]:
        """As the table shows it, in the order of its head."""
        differences = [
            each.largest_difference for each in self.abilities.values() if each.largest_difference is not None
        ]
        return (
            self.class_name,
            ", ".join(self.families),
            ", ".join(self.tasks),
            self.schedulers or _NOT_MEASURED,
            self._say("batched"),
            self._say("resumable"),
            self._say("preview"),
            self._say("several_images"),
            f"{max(differences):.1e}" if differences else _NOT_MEASURED,
        )

    def _say(self, name: str) -> str:
        """Yes or no; if its tasks differ, for which of them."""
        known = {task: getattr(each, name) for task, each in self.abilities.items() if getattr(each, name) is not None}
        if not known:
            return _NOT_MEASURED
        able = [task for task, can in known.items() if can]
        if len(able) in {0, len(known)}:
            return "yes" if able else "no"
        return f"for {', '.join(able)}"


def list_family_rows() -> list[FamilyRow]:
    """A row for each class that is served, in the table's order."""
    rows: dict[str, FamilyRow] = {}
    for family in list_families().values():
        for task, class_name, drawn_as, mark in _list_tasks(family):
            signature = find_signature(drawn_as)
            if signature is None:
                continue  # the table is newer than what was written down of diffusers
            signature = replace(signature, class_name=class_name)
            measured = find_measured(class_name, task)
            before = rows.get(class_name)
            rows[class_name] = FamilyRow(
                class_name,
                _add(before.families if before else (), family.title),
                signature.facts.ours and class_name == drawn_as,
                _add(before.tasks if before else (), f"{task}{mark}"),
                (before and before.schedulers) or (measured and measured.schedulers) or None,
                {**(before.abilities if before else {}), task: find_abilities(signature, task)},
            )
    return list(rows.values())


def format_families() -> str:
    """The table for a terminal, and below it the classes that are refused."""
    rows = [_HEAD, *(row.list_cells() for row in list_family_rows())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    refused = [f"{reason}: {', '.join(names)}" for reason, names in _group_refused().items()]
    return "\n".join([*lines, "", "Refused:", *refused])


def format_families_page() -> str:
    """docs/families.md."""
    rows = list_family_rows()
    lines = [
        f"{sum(not row.is_ours for row in rows)} classes are served, {len(list_refused())} are refused.",
        "",
        _format_row(_HEAD),
        _format_row("---" for _ in _HEAD),
        *(_format_row([f"`{row.class_name}`", *row.list_cells()[1:]]) for row in rows),
        "",
        "## What they cannot do",
        "",
        *_list_limits(rows),
        "",
        "## Refused",
        "",
        *(f"- {reason}: {', '.join(f'`{name}`' for name in names)}" for reason, names in _group_refused().items()),
    ]
    return _PAGE + "\n".join(lines) + "\n"


def _list_tasks(family: Family) -> Iterator[tuple[Task, str, str, str]]:
    """Each task, the class that has a part in it, the class that draws it as a whole, and a mark."""
    for classes, mark in ((family.tasks, ""), (family.controlled, " (control)")):
        for task, drawn_as in classes.items():
            parts = [(drawn_as, mark)]
            parts += [
                (name, f"{mark} (with a prior)") for name, joined in family.decoders.items() if joined == drawn_as
            ]
            parts += [(name, f"{mark} (as the prior)") for name in family.priors[:1]]
            for class_name, own_mark in parts:
                yield task, class_name, drawn_as, own_mark
                if task == "inpainting":
                    yield "outpaint", class_name, drawn_as, own_mark


def _add(words: tuple[str, ...], word: str) -> tuple[str, ...]:
    return words if word in words else (*words, word)


def _format_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _list_limits(rows: Iterable[FamilyRow]) -> Iterator[str]:
    found = False
    for row in rows:
        limits = dict.fromkeys(limit for each in row.abilities.values() for limit in each.limits)
        if limits:
            found = True
            yield f"- `{row.class_name}`: {'; '.join(limits)}"
    if not found:
        yield "Nothing that was measured."


def _group_refused() -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name, reason in list_refused().items():
        groups.setdefault(reason, []).append(name)
    return groups
