"""What a platform keeps on this machine, started under a umask that would let everybody read it."""

import pytest

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]


@pytest.mark.long
def test_no_other_user_reads_what_a_platform_keeps(platform):
    # given all that the platform and its processes wrote; what the partner's server offers is the test's
    folder = platform.state_directory
    kept = [folder, *(each for each in folder.rglob("*") if platform.source.root not in (each, *each.parents))]
    assert {"engine.key", "stack.json", "emulator.log", "host_key", "password"} <= {each.name for each in kept}

    # then no bit is anybody else's
    wide = {str(each.relative_to(folder)): oct(each.stat().st_mode) for each in kept if each.stat().st_mode & 0o077}
    assert wide == {}


def test_git_ignores_what_a_platform_keeps(platform):
    assert (platform.state_directory / ".gitignore").read_text() == "*\n"
