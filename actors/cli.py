"""The command line: `actors COMMAND`, or `python -m actors COMMAND`.

Results go to standard output, what is wrong to standard error; exit codes are in `commanding`. Here
are the names of the commands, in the order of `--help`.
"""

import sys

import typer

from actors import (
    board_commands,
    experiment_command,
    keys_command,
    look_commands,
    profile_command,
    run_commands,
)

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Actors for sensor streams, on microcontrollers and machines.",
)

for command in (
    run_commands.run,
    run_commands.sim,
    run_commands.node,
    run_commands.up,
    look_commands.check,
    look_commands.plan,
    look_commands.status,
    look_commands.trace,
    look_commands.logs,
    look_commands.tap,
    keys_command.keys,
    profile_command.profile,
    experiment_command.experiment,
    board_commands.flash,
    board_commands.board,
    board_commands.doctor,
):
    app.command()(command)


def main() -> None:
    """What the console script calls."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
