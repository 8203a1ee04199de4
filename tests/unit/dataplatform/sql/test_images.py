"""What stands in images/: what goes into each build, what a container refuses, and the command that runs one here."""

import os
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dataplatform.sql.images import IMAGES, stage_context
from local.commands import app

ROOT = Path(__file__).resolve().parents[4]
each_image = pytest.mark.parametrize("name", sorted(IMAGES))


@pytest.fixture(autouse=True)
def program_folder(monkeypatch):
    monkeypatch.chdir(ROOT)


def dockerfile(name: str) -> str:
    return IMAGES[name].files[""].joinpath("Dockerfile").read_text()


@each_image
def test_every_base_is_pinned_to_a_release(name):
    tags = re.findall(r"^FROM \S+?:(\S+)", dockerfile(name), re.MULTILINE)
    assert tags
    assert all(re.search(r"\d+\.\d+\.\d+|20\d{6}|CU\d+", tag) for tag in tags)


@each_image
def test_every_image_says_what_it_is_and_how_its_health_is_told(name):
    assert "org.opencontainers.image.title=" in dockerfile(name)
    assert "org.opencontainers.image.licenses=" in dockerfile(name)
    assert "HEALTHCHECK" in dockerfile(name)


@each_image
def test_no_secret_is_a_build_argument_or_a_variable_of_an_image(name):
    named = re.findall(r"^(?:ARG|ENV) (.+)$", dockerfile(name), re.MULTILINE)
    assert [line for line in named if re.search("PASSWORD|SECRET|_KEY", line)] == []


@each_image
def test_a_build_context_holds_what_its_ignore_file_lets_in_and_nothing_else(name):
    # given the context as it is sent to the engine
    context, _ = stage_context(f"test-{name}", IMAGES[name].files)
    staged = {path.name for path in context.iterdir()} - {".dockerignore"}

    # then everything else is ignored
    lines = (context / ".dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert "*" in lines
    assert staged == let_in


def test_a_contexts_hash_follows_content_name_and_mode_and_nothing_else(tmp_path):
    # given
    source = tmp_path / "image"
    source.mkdir()
    file = source / "entrypoint"
    file.write_text("one")
    hashes = [stage_context("test-hash", {"": source})[1]]

    def change_and_hash():
        hashes.append(stage_context("test-hash", {"": source})[1])

    # when nothing but the time changes
    os.utime(file, (1, 1))
    change_and_hash()
    # when content, mode and name change
    file.write_text("two")
    change_and_hash()
    file.chmod(0o755)
    change_and_hash()
    file.rename(source / "other")
    change_and_hash()

    # then
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 4


# --- the command ------------------------------------------------------------------------------------------------------


def run_image(*words: str, path: str, monkeypatch) -> str:
    monkeypatch.setenv("PATH", path)
    result = CliRunner().invoke(app, ["run-image", *words])
    assert result.exit_code == 1
    return " ".join(result.output.split())


def test_without_a_container_engine_it_is_said_and_what_to_do_instead(tmp_path, monkeypatch):
    output = run_image("sftp", "--state-dir", str(tmp_path), path=str(tmp_path), monkeypatch=monkeypatch)
    assert "no container engine was found on PATH; install Docker or Podman" in output
    assert "dataplatform up" in output


def test_an_engine_that_does_not_answer_is_told_by_its_own_words(tmp_path, monkeypatch):
    # given a client whose server is away: the real thing says this and ends with 1
    client = tmp_path / "docker"
    client.write_text(f"#!{shutil.which('sh')}\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    client.chmod(0o755)

    # when, then
    output = run_image("sftp", "--state-dir", str(tmp_path), path=str(tmp_path), monkeypatch=monkeypatch)
    assert "does not answer: docker: Cannot connect to the Docker daemon" in output


def test_sql_server_is_not_run_before_its_licence_is_accepted(tmp_path, monkeypatch):
    output = run_image("mssql", "--state-dir", str(tmp_path), path=str(tmp_path), monkeypatch=monkeypatch)
    assert "accept it with --accept-eula" in output
