"""`python -m emulation.sql_server`: run the SQL source as a process."""

import argparse
import signal
from pathlib import Path
from typing import Final

import duckdb

from emulation.sql_server import LOOPBACK, SourceSettings, start

_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


def main() -> None:
    """Serve until SIGTERM or SIGINT. Once connections are accepted, the port stands in the ready file."""
    parser = argparse.ArgumentParser(prog="python -m emulation.sql_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 chooses a free one")
    parser.add_argument("--database-file", type=Path, required=True, help="DuckDB file; created if missing")
    parser.add_argument("--database", required=True, help="name of the only database")
    parser.add_argument(
        "--password-file",
        type=Path,
        required=True,
        help="file with the password; read at each login, may be created later",
    )
    parser.add_argument("--user", required=True, help="the only login name")
    parser.add_argument("--certificate", type=Path, required=True, help="file with the server's certificate in PEM")
    parser.add_argument(
        "--private-key", type=Path, required=True, help="file with the certificate's private key in PEM"
    )
    parser.add_argument(
        "--ready-file", type=Path, required=True, help="file for the port, written when the server listens"
    )
    arguments = parser.parse_args()
    for path, what in ((arguments.certificate, "--certificate"), (arguments.private_key, "--private-key")):
        if not path.is_file():
            parser.error(f"{what} {path} does not exist; name an existing file")
    settings = SourceSettings(
        database_file=arguments.database_file,
        certificate=arguments.certificate,
        private_key=arguments.private_key,
        password_file=arguments.password_file,
        user=arguments.user,
        database=arguments.database,
        port=arguments.port,
    )
    # Held back in every thread, for sigwait below. A handler that sets an Event which this thread is about to wait for
    # would sometimes wait for this thread without end.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    try:
        source = start(settings)
    except (OSError, duckdb.Error) as error:
        parser.exit(1, f"cannot serve SQL on {LOOPBACK}:{settings.port} from {settings.database_file}: {error}\n")
    _write_whole(arguments.ready_file, f"{source.port}\n")
    signal.sigwait(_STOPPING)
    source.stop()


def _write_whole(path: Path, text: str) -> None:
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


if __name__ == "__main__":
    main()
