"""The repository's container images: what each is built from, and for which platform."""

import contextlib
import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dataplatform.aws.packaging import BUILD


@dataclass(frozen=True, slots=True)
class ImageSources:
    """One image of this repository."""

    files: Mapping[str, Path]
    """What it is built from: place in the build context ("" is the context itself) to file or folder here."""
    platform: str = "linux/amd64"


_REPOSITORY: Final = Path(__file__).resolve().parents[3]
_SQL_SERVER: Final = ImageSources(
    {
        "": Path("images/mssql"),
        "requirements.txt": Path("requirements/sample.txt"),
        "sample/__init__.py": Path("sample/__init__.py"),
        "sample/people.py": Path("sample/people.py"),
    }
)

# mssql and the ODBC driver's image are amd64 for Microsoft's sake; one platform for all needs no emulation to build.
IMAGES: Final[Mapping[str, ImageSources]] = {
    "jobs": ImageSources(
        {
            "": Path("images/jobs"),
            "requirements.txt": Path("requirements/extract.txt"),
            **{folder: Path(folder) for folder in ("jobs", "processing", "datasets", "reports", "lake")},
        }
    ),
    "sftp": ImageSources({"": Path("images/sftp")}),
    "swagger": ImageSources({"": Path("images/swagger"), "openapi.yaml": Path("docs/openapi.yaml")}),
    # A part of the sample: whoever deletes the sample deletes images/mssql too.
    **({"mssql": _SQL_SERVER} if (_REPOSITORY / "images" / "mssql").is_dir() else {}),
}


def stage_context(name: str, sources: Mapping[str, Path]) -> tuple[Path, str]:
    """Copy an image's sources into a build context of their own, and tell the hash of all that is in it.

    Args:
        name: of the image; its context is a folder of that name.
        sources: place in the context to file or folder of the repository.

    Returns:
        The context's folder, relative to the program's, and 16 digits that change with any name, content or mode.
    """
    files = [
        (destination, file.read_bytes(), bool(file.stat().st_mode & 0o100))
        for destination, file in sorted(_files(sources))
    ]
    digest = hashlib.sha256()
    for destination, content, executable in files:
        digest.update(f"{destination}\0{int(executable)}\0{len(content)}\0".encode() + content)
    tag = digest.hexdigest()[:16]
    context = BUILD / "images" / name / tag
    if not context.exists():
        context.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(context, files)
    return context, tag


def _write_whole(context: Path, files: Sequence[tuple[str, bytes, bool]]) -> None:
    """Two programs may run in this checkout at once: the folder is there whole or not at all."""
    with tempfile.TemporaryDirectory(dir=context.parent) as unfinished:
        folder = Path(unfinished) / "context"
        for destination, content, executable in files:
            target = folder / destination
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            # The modes that git keeps, whatever this machine's umask is.
            target.chmod(0o755 if executable else 0o644)
        # The other one was faster where this fails, and wrote the same.
        with contextlib.suppress(OSError):
            folder.rename(context)


def _files(sources: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    for destination, source in sources.items():
        if source.is_file():
            yield destination, source
        for file in source.rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                yield (Path(destination) / file.relative_to(source)).as_posix(), file
