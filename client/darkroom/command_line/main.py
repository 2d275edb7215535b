"""The commands as one program."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from darkroom.command_line import (
    again,
    doctor,
    files,
    jobs,
    listing,
    login,
    models,
    outputs,
    prompts,
    queue,
    render,
    sweeps,
    webhooks,
)
from darkroom.command_line.exits import ExitStatus, find_exit_status
from darkroom.command_line.printing import print_error, print_note
from darkroom.errors import DarkroomError
from darkroom.version import VERSION


class _Program(TyperGroup):
    """It ends with the exit status that goes with what happened."""

    def main(self, args: Sequence[str] | None = None, *others: Any, **options: Any) -> Any:
        self._wants_json = "--json" in (sys.argv[1:] if args is None else args)
        return super().main(args, *others, **options)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except DarkroomError as error:
            print_error(error, as_json=self._wants_json)
            raise typer.Exit(find_exit_status(error)) from error
        except KeyboardInterrupt as error:
            raise typer.Exit(ExitStatus.INTERRUPTED) from error
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            print_note(f"darkroom: {error}")
            raise typer.Exit(ExitStatus.ERROR) from error


app = typer.Typer(
    name="darkroom",
    cls=_Program,
    help="Prompts in, pictures out: the command line of a Darkroom rendering service.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(value: bool) -> None:
    if value:
        print(f"darkroom {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Prompts in, pictures out: the command line of a Darkroom rendering service."""


app.command("render")(render.render)
app.command("submit")(jobs.submit)
app.command("wait")(jobs.wait)
app.command("jobs")(listing.list_jobs)
app.command("show")(jobs.show)
app.command("outputs")(outputs.list_outputs)
app.command("cancel")(jobs.cancel)
app.command("delete")(jobs.delete)
app.command("retry")(again.retry)
app.command("replay")(again.replay)
app.command("vary")(again.vary)
app.command("sweep")(sweeps.sweep)
app.command("models")(models.list_models)
app.command("styles")(models.list_styles)
app.command("check")(prompts.check)
app.add_typer(files.app, name="files")
app.add_typer(queue.app, name="queue")
app.add_typer(webhooks.app, name="webhooks")
app.command("login")(login.login)
app.command("logout")(login.logout)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command that the arguments name."""
    app()
