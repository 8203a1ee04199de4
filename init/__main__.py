"""`python -m init bootstrap --bucket NAME`: prepares an AWS account for the first `pulumi up`."""

import sys


def main() -> None:
    """Run the command. After Ctrl-C, completed changes stay, and the same command continues."""
    try:
        # Inside the `try`, because the import takes a second, in which a person may press Ctrl-C.
        from init.commands import app  # noqa: PLC0415 - as just said

        app(prog_name="python -m init")
    except KeyboardInterrupt:
        print("interrupted; to continue, run the same command again", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
