"""The group of commands, and the one place where an error becomes a sentence and an exit status."""

from __future__ import annotations

import difflib
import importlib
import os

import click

from mllint import __version__
from mllint.errors import UsageError
from mllint.escaping import terminal

# name -> what it does; the module of a command is imported when it is needed
COMMANDS = {
    "check": "Report debts in the data: what is wrong, the lines that prove it, what to do.",
    "graph": "Write the lineage graph: sources, features, models, consumers.",
    "trace": "Show how one node comes from another, step by step: why an edge is there, or is not.",
    "impact": "List what a node or file reaches: features, models, consumers, owners.",
    "compare": "Show two models, or two configuration files, side by side: where they differ.",
    "debt": "List findings as debts, the riskiest first: risk, effort, owner; or what could be deleted.",
    "explain": "Explain a rule.",
    "rules": "List the rules.",
}
EXIT_ERROR = 2


class Commands(click.Group):
    """Commands by name; anything else is a path or an option of `check`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"mllint.cli.{cmd_name}").command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in COMMANDS and args[0] not in ("--help", "-h", "--version", "-V")):
            args = ["check", *args]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="mllint %(version)s")
def group() -> None:
    """Find the debts of a machine-learning repository that live in its data.

    `mllint [PATH ...]` means `mllint check [PATH ...]`. Nothing of what is analysed is run or imported.

    Exit status: 0 clean, 1 findings at or above --fail-on, 2 usage error, internal error, or nothing to analyse.
    """


def run(arguments: list[str]) -> int:
    """Run a command; its exit status. Whatever goes wrong is a message for people, on standard error."""
    try:
        return group.main(args=arguments, prog_name="mllint", standalone_mode=False) or 0
    except click.ClickException as error:
        hint = f"\nTry `{error.ctx.command_path} --help`." if isinstance(error, click.UsageError) and error.ctx else ""
        return _fail(error.format_message() + hint)
    except UsageError as error:
        return _fail(f"{error}{_meant(arguments)}")
    except (KeyboardInterrupt, click.Abort):
        return 130
    except Exception as error:
        if os.environ.get("MLLINT_DEBUG"):
            raise
        kind = type(error).__name__
        return _fail(
            f"internal error: {kind}: {str(error)[:300]} (MLLINT_DEBUG=1 shows the traceback; please report it)"
        )


def _meant(arguments: list[str]) -> str:
    """`mllint chekc` is taken for a path that does not exist."""
    word = arguments[0] if arguments else ""
    near = difflib.get_close_matches(word, COMMANDS, 1, 0.7)
    return f"; did you mean the command `{near[0]}`?" if near and near[0] != word and not os.path.exists(word) else ""


def _fail(message: str) -> int:
    """A message quotes what stands in strangers' files, so it goes through the terminal's escaping."""
    lines = (terminal(line) for line in message.splitlines())
    click.echo("mllint: " + "\n".join(lines), err=True)
    return EXIT_ERROR
