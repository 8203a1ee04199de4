"""The whole platform for tests that need it deployed, once in each of pytest's processes."""

import contextlib
import os

import pytest

from tests.support.emulators import free_port
from tests.support.program import program_folder


@contextlib.contextmanager
def running_platform(folder, program=None):
    """Start the whole platform: emulator with IAM enforced, stand-in sources, the program's local stack deployed.

    Args:
        folder: the folder of its state.
        program: folder of the program; by default the one with the tests' own declarations, whose table is filled.
    """
    # Imported here, because it takes a second and most tests do not need it.
    from local.platform_instance import LocalPlatform
    from ops.ingest import extract

    started = LocalPlatform(folder, free_port(), program=program or program_folder())
    with pytest.MonkeyPatch.context() as changed:
        # Where the extraction's process finds its code.
        changed.setattr(extract, "_ROOT", program or program_folder())
        # The widest umask that a person can have: files must still be private.
        umask = os.umask(0)
        try:
            started.up()
            if program is None:
                from tests.support.members import seed_members

                seed_members(started)
            yield started
        finally:
            os.umask(umask)
            started.down()


@pytest.fixture(scope="session")
def program():
    """Folder of the deployed program; None is the one with the tests' own declarations."""


@pytest.fixture(scope="session")
def platform(tmp_path_factory, program):
    """The running platform."""
    with running_platform(tmp_path_factory.mktemp("platform"), program) as started:
        yield started


@pytest.fixture
def target(platform):
    """The deployed stack, as its operator reaches it."""
    from ops.stack.target import find_target

    return find_target("local", platform.state_directory)
