"""The repository's container images: the sources and the platform of each."""

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
    """The image's sources: a path in the build context ("" for the context itself), and the file or folder here."""
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

# Microsoft publishes mssql and the ODBC driver's image for amd64 only. With one platform for all images, no build needs
# emulation.
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
    # Part of the sample: deleting the sample also deletes images/mssql.
    **({"mssql": _SQL_SERVER} if (_REPOSITORY / "images" / "mssql").is_dir() else {}),
}


def stage_context(name: str, sources: Mapping[str, Path]) -> tuple[Path, str]:
    """Copy an image's sources into their own build context. Returns its folder and a hash of its content.

    Args:
        name: the image's name, which is also the name of its folder.
        sources: path in the context to file or folder of the repository.

    Returns:
        The context's folder, relative to the program's folder, and 16 digits that depend on all names, contents and
        modes.
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
    """Create the folder as a whole or not at all, because two programs may run in this checkout at the same time."""
    with tempfile.TemporaryDirectory(dir=context.parent) as unfinished:
        folder = Path(unfinished) / "context"
        for destination, content, executable in files:
            target = folder / destination
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            # Use the modes that git stores, whatever this machine's umask is.
            target.chmod(0o755 if executable else 0o644)
        # If this fails, another program was faster and wrote the same content.
        with contextlib.suppress(OSError):
            folder.rename(context)


def _files(sources: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    for destination, source in sources.items():
        if source.is_file():
            yield destination, source
        for file in source.rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                yield (Path(destination) / file.relative_to(source)).as_posix(), file
