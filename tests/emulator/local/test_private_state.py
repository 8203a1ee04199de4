"""The files of a local platform, started under a umask that would let everybody read them."""

import pytest

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]


@pytest.mark.long
def test_no_other_user_reads_what_a_platform_keeps(platform):
    # given all files of the platform and its processes; the partner server's files belong to the test
    folder = platform.state_directory
    kept = [folder, *(each for each in folder.rglob("*") if platform.source.root not in (each, *each.parents))]
    assert {"engine.key", "stack.json", "emulator.log", "host_key", "password"} <= {each.name for each in kept}

    # then no other user has a permission
    wide = {str(each.relative_to(folder)): oct(each.stat().st_mode) for each in kept if each.stat().st_mode & 0o077}
    assert wide == {}


def test_git_ignores_what_a_platform_keeps(platform):
    assert (platform.state_directory / ".gitignore").read_text() == "*\n"
