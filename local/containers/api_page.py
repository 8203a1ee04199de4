"""The events API's page on this machine: Swagger UI with the API's document and the local API's address."""

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
"""The placeholder for the API's address in the document. The image replaces it, too."""

# The package contains the files of npm's swagger-ui-dist of the same version. It is read, not imported.
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
    """Serves the page on loopback until `shutdown`, or until Ctrl-C ends `serve_forever`."""

    daemon_threads = True

    def __init__(self, port: int, api: str) -> None:
        """Start to listen.

        Args:
            port: a port on 127.0.0.1.
            api: the API's address, which the document's paths follow.

        Raises:
            emulation.aws.emulator.PortInUseError: The port is in use.
        """
        check_port_is_free(port)
        self.files: Mapping[str, PageFile] = page_files(api)
        self.policy = content_security_policy(api)
        super().__init__((HOST, port), _PageRequest)

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://{HOST}:{self.server_port}/"


def page_files(api: str) -> dict[str, PageFile]:
    """Return every file of the page, by its path. The document gets the API's address instead of the example's.

    Raises:
        ValueError: The document does not contain the example's address exactly once.
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
    """Return what the page may load and call: itself and the API. Swagger UI uses inline styles and data: images."""
    parts = urlsplit(api)
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        f"connect-src 'self' {parts.scheme}://{parts.netloc}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


class _PageRequest(BaseHTTPRequestHandler):
    """Answers only with files of the page."""

    def do_GET(self) -> None:
        """Send a file."""
        server = cast("ApiPageServer", self.server)
        # Other pages may link here, so only the host name is checked.
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
        # Another platform's page may have the same address a minute later.
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(file.content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Log nothing: a person reads the page, not the log."""
