"""Headers of operations."""

from __future__ import annotations

from pydantic import Field

from api.headers import Headers


class _First(Headers):
    first: str | None = Field(default=None, alias="First-Header")


class _Second(Headers):
    second: int = 2


def test_the_schema_of_a_request_is_made_once() -> None:
    """Every class has its own, the same object at every request; a document's is made as it is asked for."""
    assert _First.model_json_schema() is _First.model_json_schema()
    assert set(_First.model_json_schema()["properties"]) == {"First-Header"}
    assert set(_Second.model_json_schema()["properties"]) == {"second"}

    by_name = _First.model_json_schema(by_alias=False)
    assert set(by_name["properties"]) == {"first"}
    assert _First.model_json_schema(by_alias=False) is not by_name
