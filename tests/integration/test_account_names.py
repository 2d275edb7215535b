"""Names of accounts: they stand in tables, terminals and logs."""

from __future__ import annotations

import pytest

from core.accounts.create_account import create_account
from core.database import transaction
from core.errors import InvalidRequest


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("x" * 201, "at most 200 characters"),
        ("x" * 100_000, "at most 200 characters"),
        ("\u0958" * 200, "at most 200 are allowed"),
        ("", "not blank"),
        ("  ", "not blank"),
        ("\u200b\ufeff", "not blank"),
        ("\u3164", "not blank"),
        ("two\nlines", "printable"),
        ("gum \u202egnirB", "printable"),
        ("\x1b[31m", "printable"),
        ("\udcff", "printable"),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_a_name_that_could_mislead_is_refused(database: None, name: str, reason: str) -> None:
    """Too long, blank, or with characters that terminals obey: the error names the field."""
    with pytest.raises(InvalidRequest, match=f"^name: .*{reason}"), transaction() as session:
        create_account(session, name=name)


def test_names_in_every_script_are_kept(database: None) -> None:
    """The longest name is taken, in composed form."""
    with transaction() as session:
        names = [create_account(session, name=name).name for name in ("x" * 200, "Ate\u0301lier 赤い", "студия")]

    assert names == ["x" * 200, "At\u00e9lier 赤い", "студия"]
