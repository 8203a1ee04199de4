"""The collector against servers that partners run: Debian's OpenSSH as operators configure it, and ProFTPD."""

import pytest

from bench.openssh_server import openssh_server
from functions.sftp_collector.handler import CollectionFailedError
from lake.parameters import Collection, Connection
from tests.support.collector import MEBIBYTE, assert_nothing_landed, failures_of, large_content, run, today
from tests.support.proftpd import proftpd_server
from tests.support.sftp import ClientKey

pytestmark = [pytest.mark.emulator, pytest.mark.long]

CONTENTS = {**{f"{number}.csv": large_content(300_000 + number) for number in range(6)}}
CONTENTS["large.csv"] = large_content(20 * MEBIBYTE)


@pytest.fixture
def collect_from(stack, inbox):
    """Collects some files, one of them large, from a server of any path."""
    for name, content in CONTENTS.items():
        (inbox / name).write_bytes(content)

    def collect(server):
        connection = Connection(
            host="127.0.0.1",
            port=server.port,
            user=server.user,
            host_keys=(server.host_key,),
            private_key_parameter=f"{stack.prefix}/connections/carrier/private-key",
        )
        collection = Collection(dataset="parcels", connection="carrier", directory=str(inbox), pattern="*.csv")
        stack.deploy(connection, ClientKey(server.client_key.read_text(), ""), collection)
        return run()

    return collect


def everything_landed(stack):
    return stack.objects() == {today(name): content for name, content in CONTENTS.items()}


@pytest.mark.parametrize(
    ("settings", "subsystem"),
    [
        (["MaxSessions 1"], "internal-sftp"),
        (["PubkeyAcceptedAlgorithms rsa-sha2-256"], "internal-sftp"),
        ([], "internal-sftp -P fstat"),
        ([], "internal-sftp -P lstat"),
    ],
    ids=["one session", "one signature algorithm", "no fstat", "no lstat"],
)
def test_openssh_with_less_than_usual_is_collected_from(stack, collect_from, tmp_path, settings, subsystem):
    # when
    with openssh_server(tmp_path / "server", *settings, subsystem=subsystem) as server:
        collect_from(server)

    # then
    assert everything_landed(stack)


def test_openssh_that_wants_a_second_factor_is_named(stack, collect_from, tmp_path):
    # when
    wanted = "AuthenticationMethods publickey,publickey"
    with openssh_server(tmp_path / "server", wanted) as server, pytest.raises(CollectionFailedError) as error:
        collect_from(server)

    # then
    assert "accepted the platform's key and wants a second factor as well: publickey" in failures_of(error)
    assert_nothing_landed(stack)


def test_openssh_whose_shell_prints_is_named(stack, collect_from, tmp_path):
    # given
    shell = tmp_path / "shell"
    shell.write_text("#!/bin/sh\necho 'Last login: today'\nexec /usr/lib/openssh/sftp-server\n")
    shell.chmod(0o755)

    # when
    with (
        openssh_server(tmp_path / "server", subsystem=str(shell)) as server,
        pytest.raises(CollectionFailedError) as error,
    ):
        collect_from(server)

    # then
    assert "then sent 'Last login: today" in failures_of(error)
    assert_nothing_landed(stack)


def test_openssh_that_knows_sha1_signatures_alone_is_named(stack, collect_from, tmp_path):
    # when
    sha1 = "PubkeyAcceptedAlgorithms ssh-rsa"
    with openssh_server(tmp_path / "server", sha1) as server, pytest.raises(CollectionFailedError) as error:
        collect_from(server)

    # then
    assert "signed with rsa-sha2-512 and with rsa-sha2-256" in failures_of(error)
    assert_nothing_landed(stack)


@pytest.mark.parametrize("attempt", range(4))
def test_proftpd_that_allows_one_connection_is_collected_from(stack, collect_from, tmp_path, attempt):
    # given that either worker may be the one that is let in
    del attempt

    # when
    with proftpd_server(tmp_path / "server") as server:
        collect_from(server)

    # then
    assert everything_landed(stack)
