"""The SQL extraction in its container, against the local source and the embedded AWS."""

import json
import os
import subprocess

import pytest

from jobs.extract_from_sql.connection import trusting
from tests.support.emulators import running_emulator
from tests.support.sql import SqlStack, running_sql_source

# Deleted together with the sample.
people = pytest.importorskip("sample.people")
pytestmark = pytest.mark.timeout(900)
PEOPLE = 300


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The local source, with people."""
    with running_sql_source(tmp_path_factory.mktemp("sql-source")) as server:
        with trusting(server.address.certificate), server.server.connect() as connection:
            people.create_schema(connection)
            people.seed_people(connection, PEOPLE)
        yield server


@pytest.fixture(scope="module")
def stack(tmp_path_factory, source):
    with running_emulator(tmp_path_factory.mktemp("emulator")) as emulator:
        deployed = SqlStack(emulator.endpoint, ("person",), "crm")
        deployed.deploy(source.address)
        yield deployed


def run(engine, reference, stack, *arguments, **changed):
    """The container, run like the task: as its user, with a read-only root and a scratch volume."""
    environment = stack.environment | changed
    variables = [word for name in environment for word in ("--env", name)]
    words = [engine.name, "run", "--rm", "--network=host", "--read-only", "--cap-drop=ALL", *variables]
    return subprocess.run(
        [*words, reference, *stack.arguments, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_container_extracts_a_table_into_the_lake(engine, built, stack):
    # when
    result = run(engine, built("jobs"), stack, "--dataset", "person")

    # then
    assert result.returncode == 0, result.stdout + result.stderr
    [key] = stack.keys("person")
    assert stack.read(key).height == PEOPLE
    assert all(json.loads(line) for line in result.stdout.splitlines())


def test_failed_extraction_exits_with_an_error_naming_the_table(engine, built, stack):
    # when
    result = run(engine, built("jobs"), stack, "--dataset", "boats")

    # then
    assert result.returncode != 0
    assert "boats" in result.stdout + result.stderr
