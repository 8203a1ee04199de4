"""Which engine deploys a local platform."""

import pytest

from emulation.pulumi_engine.pulumi_cli import PulumiProject
from local.engine import Engine, PlatformEngineError, choose_engine
from local.errors import LocalError
from local.platform_instance import LocalPlatform

INSTANCE = "one"


def deployed_by(engine, folder, instance=INSTANCE):
    """Create the files that an engine leaves in a platform's directory."""
    file = folder / "engine.json"
    if engine is Engine.PULUMI:
        file = PulumiProject(folder, instance, "local").stack_file
        file.parent.mkdir(parents=True)
    file.touch()


@pytest.mark.parametrize(("wanted", "chosen"), [(None, Engine.OWN), *((each, each) for each in Engine)])
def test_new_platform_gets_the_engine_that_is_wanted(tmp_path, wanted, chosen):
    assert choose_engine(wanted, tmp_path, INSTANCE) is chosen


@pytest.mark.parametrize("engine", Engine)
def test_deployed_platform_keeps_its_engine(tmp_path, engine):
    # given
    deployed_by(engine, tmp_path)

    # then
    assert choose_engine(None, tmp_path, INSTANCE) is choose_engine(engine, tmp_path, INSTANCE) is engine
    [other] = set(Engine) - {engine}
    with pytest.raises(PlatformEngineError, match=f"was deployed with --engine {engine}.*--fresh"):
        choose_engine(other, tmp_path, INSTANCE)


def test_earlier_start_of_the_emulator_decides_nothing(tmp_path):
    deployed_by(Engine.PULUMI, tmp_path, "an-earlier-one")
    assert choose_engine(None, tmp_path, INSTANCE) is Engine.OWN


def test_shell_without_platform_names_the_start_command(tmp_path):
    with pytest.raises(LocalError, match=r"`dataplatform up --engine pulumi`"):
        LocalPlatform(tmp_path, 4566).pulumi_project()
