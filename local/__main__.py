"""`python -m local up | demo | down`: the platform on this machine, with no cloud account."""

import sys


def main() -> None:
    """Give the command. Ctrl-C is answered in one line even before there is a command to stop."""
    try:
        # Importing takes a second, in which a person may think better of it.
        from local.commands import app  # noqa: PLC0415 - as just said

        app(prog_name="python -m local")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
