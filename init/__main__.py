"""`python -m init bootstrap --bucket NAME`: prepare an AWS account for the first `pulumi up`."""

import sys


def main() -> None:
    """Give the command. Ctrl-C is answered in one line; what was made so far stays, and a rerun goes on from there."""
    try:
        # Importing takes a second, in which a person may think better of it.
        from init.commands import app  # noqa: PLC0415 - as just said

        app(prog_name="python -m init")
    except KeyboardInterrupt:
        print("interrupted; to continue, run the same command again", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
