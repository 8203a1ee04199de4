"""A dataset is added to a running platform: everything on it stays."""

import json
import subprocess
import sys

import pytest

from tests.support.program import copy_program

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(300)]
# In a separate process, like a person's command: an already imported module does not see a new dataset.
DEPLOY = """
import json, sys
sys.path.insert(0, "platform")
from pathlib import Path
from emulation.pulumi_engine import deploy, read_stack_configuration

done = []
deploy(
    Path(), stack="local", config=read_stack_configuration(Path(), "local"), endpoint=sys.argv[1],
    state_directory=Path("state"), instance="one", on_resource=lambda kind, name, what: done.append([what, kind, name]),
)
print(json.dumps(done))
"""
FOLLOWS_THE_CODE = {"aws:apigateway/deployment:Deployment", "aws:ecs/taskDefinition:TaskDefinition",
                    "aws:lambda/layerVersion:LayerVersion"}  # fmt: skip
"""Types of which AWS keeps each version."""


@pytest.fixture(scope="module")
def steps(engine_emulator, tmp_path_factory):
    """What three deployments did to each resource: the first, one with another dataset, and one without it again."""
    engine_emulator.reset()
    program = copy_program(tmp_path_factory.mktemp("added") / "program")
    added = program / "datasets" / "pallets.py"

    def deploy():
        command = [sys.executable, "-c", DEPLOY, engine_emulator.endpoint]
        finished = subprocess.run(command, cwd=program, capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished.stderr
        return [tuple(each) for each in json.loads(finished.stdout.splitlines()[-1])]

    done = {"first": deploy()}
    source = (program / "datasets" / "parcels.py").read_text()
    added.write_text(source.replace("parcels", "pallets").replace("Parcels", "Pallets"))
    done["added"] = deploy()
    added.unlink()
    done["removed"] = deploy()
    return done


def names(step, *operations):
    return {name for what, _, name in step if what in operations}


def test_added_dataset_replaces_nothing_that_is_unrelated(steps):
    assert any("pallets" in name for name in names(steps["added"], "created"))
    assert {kind for what, kind, _ in steps["added"] if what == "replaced"} <= FOLLOWS_THE_CODE
    assert names(steps["added"], "deleted") == set()


def test_dataset_that_is_taken_out_again_leaves_the_others(steps):
    assert names(steps["removed"], "deleted") == names(steps["added"], "created") != set()
    assert names(steps["removed"], "updated", "replaced", "unchanged") == names(steps["first"], "created")
