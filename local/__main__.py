"""`python -m local up | demo | down`: the platform on this machine, with no cloud account."""

import sys
import threading

_SILENCE_SECONDS = 2.0


def main() -> None:
    """Give the command. Ctrl-C is answered in one line even before there is a command to stop."""
    loaded = threading.Event()
    if sys.argv[1:2] in (["up"], ["demo"]):
        threading.Thread(target=_report, args=(loaded,), daemon=True).start()
    try:
        # Importing takes a second, on a slow machine longer, in which a person may think better of it.
        from local.commands import app  # noqa: PLC0415 - as just said

        loaded.set()
        app(prog_name="python -m local")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    finally:
        loaded.set()


def _report(loaded: threading.Event) -> None:
    """Say that the packages are being loaded, where that takes long."""
    seconds = 0.0
    while not loaded.wait(_SILENCE_SECONDS):
        seconds += _SILENCE_SECONDS
        print(f"  loading Python's packages, {seconds:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
