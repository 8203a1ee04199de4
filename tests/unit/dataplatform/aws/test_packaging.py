"""Archives depend only on their sources, contain what they need, and are rebuilt when the sources change."""

import zipfile
from pathlib import Path

import pulumi
import pytest

from dataplatform.aws import packaging

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with sources like the repository's, as the working directory."""
    for file in ("functions/__init__.py", "functions/hello.py", "lake/__init__.py", "jobs/__init__.py"):
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {file}\n")
    (tmp_path / "functions/__pycache__").mkdir()
    (tmp_path / "functions/__pycache__/hello.cpython-311.pyc").write_bytes(b"compiled")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def members(archive: pulumi.Archive) -> list[str]:
    assert isinstance(archive, pulumi.FileArchive)
    with zipfile.ZipFile(archive.path) as opened:
        return opened.namelist()


def content(archive: pulumi.Archive) -> bytes:
    assert isinstance(archive, pulumi.FileArchive)
    return Path(archive.path).read_bytes()


def test_function_archive_holds_only_handlers_and_lake() -> None:
    assert members(packaging.function_code()) == ["functions/__init__.py", "functions/hello.py", "lake/__init__.py"]


def test_an_archive_does_not_depend_on_when_it_was_made(checkout: Path) -> None:
    # given an archive
    first = content(packaging.function_code())

    # when the sources are touched but not changed
    (checkout / "functions/hello.py").touch()

    # then the archive is the same
    assert content(packaging.function_code()) == first


def test_an_archive_does_not_depend_on_a_machines_zlib(checkout: Path) -> None:
    # given sources that any zlib would compress
    (checkout / "functions/hello.py").write_text("# hello\n" * 1000)
    packaging.function_code()
    packaging.job_code()

    # then they are stored as they are
    for archive in ("functions.zip", "jobs.zip"):
        with zipfile.ZipFile(packaging.BUILD / archive) as opened:
            assert {member.compress_type for member in opened.infolist()} == {zipfile.ZIP_STORED}


def test_an_archive_changes_with_its_sources(checkout: Path) -> None:
    first = content(packaging.function_code())
    (checkout / "functions/hello.py").write_text("# changed\n")
    assert content(packaging.function_code()) != first


def test_an_archives_path_says_nothing_of_this_machine() -> None:
    archive = packaging.function_code()
    assert isinstance(archive, pulumi.FileArchive)
    assert not Path(archive.path).is_absolute()


def test_requirements_that_pip_cannot_meet_are_refused_in_words(checkout: Path) -> None:
    # given a requirement that no index offers
    (checkout / "requirements").mkdir()
    (checkout / "requirements/functions.txt").write_text(
        f"no-such-package-of-the-data-platform==0.0.1 --hash=sha256:{'0' * 64}\n"
    )

    # then the error names the file and the next step, and no partial archive is kept
    with pytest.raises(packaging.PackagingError, match=r"requirements/functions\.txt(?s:.*)package index"):
        packaging.function_layer("arm64")
    assert not list((checkout / ".build").glob("layer-*"))


def test_wheels_are_listed_for_glue_without_hashes(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given pinned requirements, and a pip that fetches a wheel
    (checkout / "requirements").mkdir()
    (checkout / "requirements/jobs.txt").write_text(
        "# written by uv\nsix==1.17.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
        "numpy==2.4.6 ; python_full_version < '3.12' \\\n    --hash=sha256:cc\n    # via polars\n"
    )
    monkeypatch.setattr(packaging, "_pip", lambda *words: (Path(words[2]) / "six-1.17.0.whl").write_bytes(b"wheel"))

    # when
    archive = packaging.job_wheels()

    # then pip on Glue also accepts requirements that have no hash
    assert isinstance(archive, pulumi.FileAsset)
    with zipfile.ZipFile(archive.path) as opened:
        assert opened.namelist() == ["wheels/requirements.txt", "wheels/six-1.17.0.whl"]
        assert opened.read("wheels/requirements.txt").decode().splitlines() == [
            "six==1.17.0",
            "numpy==2.4.6 ; python_full_version < '3.12'",
        ]


def test_archives_for_this_machine_hold_no_package(checkout: Path) -> None:
    # given no list of requirements, so pip has nothing to fetch
    assert not (checkout / "requirements").exists()

    # when
    layer = packaging.function_layer("arm64", on_this_machine=True)
    wheels = packaging.job_wheels(on_this_machine=True)

    # then each is an archive with a note, under another path than archives for AWS
    assert isinstance(wheels, pulumi.FileAsset)
    assert members(layer) == ["python/requirements.txt"]
    assert members(pulumi.FileArchive(wheels.path)) == ["wheels/requirements.txt"]
    assert not {str(layer.path), wheels.path} & {".build/jobs.gluewheels.zip", ".build/layer-python3.13-arm64.zip"}


def test_the_archive_of_the_functions_code_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    # the code without the layer, so Lambda's console can show it and a cold start is fast
    monkeypatch.chdir(ROOT)
    assert len(content(packaging.function_code())) < 500_000
