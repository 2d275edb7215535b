"""How the programs of an operator end: with what they were asked for, or with one line that says what went wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from core.errors import DarkroomError

_Result = TypeVar("_Result")


def run_command_line(program: str, command: Callable[[], _Result]) -> _Result:
    """What the command returns. If it raises an error that the operator can do something about, the process ends with
    exit code 1 and one line, which begins with the program's name.
    """
    try:
        return command()
    except DarkroomError as error:
        sys.exit(f"{program}: {error.message}")
    except ValidationError as error:
        names = ", ".join(str(item["loc"][0]).upper() if item["loc"] else item["msg"] for item in error.errors())
        sys.exit(f"{program}: these settings are missing or wrong: {names}")
    except SQLAlchemyError as error:
        sys.exit(f"{program}: the database: {error}")
