"""The command line: one module per command, nothing but options and calls."""

import sys


def main() -> None:
    """The entry point. `--version` is answered before click is imported, since click costs more than Python itself."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from mllint import __version__

        print("mllint", __version__)
        return
    from mllint.cli.root import run

    sys.exit(run(sys.argv[1:]))
