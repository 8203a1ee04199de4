"""The API's page on this machine: Swagger UI over the API's document, with the address of the local API in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

from emulation.aws.emulator import HOST, check_port_is_free
from emulation.web_pages import refusal_of

DEFAULT_PORT: Final = 8080
REPOSITORY: Final = Path(__file__).resolve().parents[2]
PAGE: Final = REPOSITORY / "images/swagger"
DOCUMENT: Final = REPOSITORY / "docs/openapi.yaml"
EXAMPLE_ADDRESS: Final = "https://api.example.com/v1"
"""What stands in the document in place of the API's address. The image puts its own there, too."""

# The package carries the files of npm's swagger-ui-dist of the same version. It is read, not imported.
_SWAGGER_UI: Final = Path(str(distribution("flask-swagger-ui").locate_file("flask_swagger_ui/dist")))
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".png": "image/png",
    ".yaml": "application/yaml; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file of the page."""

    content: bytes
    media_type: str


class ApiPageServer(ThreadingHTTPServer):
    """Serves the page on loopback until `shutdown`, or until ctrl-C ends `serve_forever`."""

    daemon_threads = True

    def __init__(self, port: int, api: str) -> None:
        """Listen.

        Args:
            port: on 127.0.0.1.
            api: the API's address, whose paths are those of the document.

        Raises:
            emulation.aws.emulator.PortInUseError: the port is taken.
        """
        check_port_is_free(port)
        self.files: Mapping[str, PageFile] = page_files(api)
        self.policy = content_security_policy(api)
        super().__init__((HOST, port), _PageRequest)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/"


def page_files(api: str) -> dict[str, PageFile]:
    """Every file of the page, by its path. The document has the API's address in place of the example's.

    Raises:
        ValueError: the document does not name the example's address once.
    """
    text = DOCUMENT.read_text()
    if text.count(EXAMPLE_ADDRESS) != 1:
        raise ValueError(f"{DOCUMENT.name} does not name {EXAMPLE_ADDRESS} exactly once, as the API's address")
    found = {"/openapi.yaml": PageFile(text.replace(EXAMPLE_ADDRESS, api).encode(), _TYPES[".yaml"])}
    for folder, names in (
        (PAGE, ("index.html", "page.js")),
        (_SWAGGER_UI, ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")),
    ):
        found |= {f"/{name}": PageFile((folder / name).read_bytes(), _TYPES[Path(name).suffix]) for name in names}
    return found | {"/": found["/index.html"]}


def content_security_policy(api: str) -> str:
    """What the page may load and call: itself and the API. Swagger UI sets styles inline and draws data: images."""
    parts = urlsplit(api)
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        f"connect-src 'self' {parts.scheme}://{parts.netloc}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


class _PageRequest(BaseHTTPRequestHandler):
    """Answers with a file of the page, and nothing else."""

    def do_GET(self) -> None:
        """Send a file."""
        server = cast("ApiPageServer", self.server)
        # A page may lead here, so that only the name is asked for.
        if refusal_of({"host": self.headers.get("Host", "")}):
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        file = server.files.get(urlsplit(self.path).path)
        if file is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", file.media_type)
        self.send_header("Content-Length", str(len(file.content)))
        self.send_header("Content-Security-Policy", server.policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        # Another platform's page may stand at the same address a minute later.
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(file.content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: a person reads the page, not the log."""
