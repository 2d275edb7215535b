"""How the programs of an operator end: with what they were asked for, or with one line that says what went wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

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
    except SQLAlchemyError as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        sys.exit(f"{program}: the database: {' '.join(str(reason).split())}")
