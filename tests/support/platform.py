"""The whole platform, for every test that needs it deployed: one in each of pytest's processes."""

import pytest

from tests.support.emulators import free_port
from tests.support.program import program_folder


@pytest.fixture(scope="session")
def program():
    """Folder of the program that is deployed: with the tests' own declarations."""
    return program_folder()


@pytest.fixture(scope="session")
def platform(tmp_path_factory, program):
    """The whole platform, up: emulator with IAM enforced, stand-in sources, the program's local stack deployed."""
    # Imported here: most tests need none, and it takes a second.
    from local.platform_instance import LocalPlatform
    from ops.ingest import extract

    started = LocalPlatform(tmp_path_factory.mktemp("platform"), free_port(), program=program)
    with pytest.MonkeyPatch.context() as changed:
        # Where the extraction's process finds its code.
        changed.setattr(extract, "_ROOT", program)
        try:
            started.up()
            yield started
        finally:
            started.down()


@pytest.fixture
def target(platform):
    """The deployed stack, as its operator reaches it."""
    from ops.stack.target import find_target

    return find_target("local", platform.state_directory)
