"""The whole platform, for every test that needs it deployed: one in each of pytest's processes."""

import pytest

from tests.support.emulators import free_port


@pytest.fixture(scope="session")
def platform(tmp_path_factory):
    """The whole platform, up: emulator with IAM enforced, stand-in sources, the program's local stack deployed."""
    # Imported here: most tests need none, and it takes a second.
    from local.platform_instance import LocalPlatform

    started = LocalPlatform(tmp_path_factory.mktemp("platform"), free_port())
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
