"""The built images: no secret in any layer, the same data for the same seed, the documented labels and limits."""

import json

import pytest

from dataplatform.sql.images import IMAGES, stage_context
from tests.images.conftest import bases_of, need_base

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module", params=["sftp", "jobs"])
def image(request, engine, built):
    """Return an image's configuration from the engine."""
    return json.loads(engine("image", "inspect", built(request.param)).stdout)[0]


def test_image_is_amd64_with_title_licence_and_no_password(image):
    labels, environment = image["Config"]["Labels"], image["Config"].get("Env", [])
    assert image["Architecture"] == "amd64"
    assert labels["org.opencontainers.image.title"].startswith("data-platform ")
    assert labels["org.opencontainers.image.licenses"]
    assert not [each for each in environment if "PASSWORD" in each or "KEY" in each]


def test_the_sftp_image_holds_no_host_key(engine, built):
    # when
    listed = engine("run", "--rm", "--entrypoint=ls", built("sftp"), "-A", "/etc/ssh").stdout.split()

    # then
    assert "sshd_config" in listed
    assert [name for name in listed if "host" in name and "key" in name] == []


def test_the_jobs_image_runs_as_nobody_special(engine, built):
    identity = engine("run", "--rm", "--entrypoint=id", built("jobs"), "-u").stdout
    assert identity == "10001\n"


def people_of(engine, *arguments: str) -> str:
    """Return the script with the people, built with these arguments. Only this stage needs no registry."""
    context, _ = stage_context("test-mssql", IMAGES["mssql"].files)
    reference = "localhost/test-mssql-data"
    engine("build", "--no-cache", "--target=data", "--tag", reference, *engine.build_options, *arguments, context)
    return engine("run", "--rm", "--entrypoint=cat", reference, "/seed/20-person.sql").stdout


@pytest.mark.skipif("mssql" not in IMAGES, reason="deleted with the sample")
def test_same_seed_gives_same_dataset_and_another_differs(engine, tmp_path):
    # given the base of the stage that creates the data
    need_base(engine, bases_of("mssql")[0], tmp_path / "root")

    # when
    first, second = people_of(engine), people_of(engine)
    other = people_of(engine, "--build-arg=SEED=7", "--build-arg=PEOPLE=10")

    # then
    assert first == second
    assert first.count("\n(") == 1000
    assert other.count("\n(") == 10
    assert other.splitlines()[-3] not in first
