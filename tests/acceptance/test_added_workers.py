"""Workers that are started beside the first ones."""

from __future__ import annotations

import pytest

from infra.local import LocalStack
from infra.local.part import PartFailed


def test_where_one_does_not_start_none_is_left(stack: LocalStack) -> None:
    """A setting that is wrong is named, and no other worker goes on rendering behind its caller's back."""
    before = list(stack.parts)

    with pytest.raises(PartFailed, match="LEASE_SECONDS"):
        stack.add_workers([None, {"LEASE_SECONDS": "soon"}])

    added = [part for part in stack.parts if part not in before]
    assert [part.is_running for part in added] == [False, False]
