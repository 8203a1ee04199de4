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
    """Collects some files, one of them large, from a server with any path."""
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
    "setting",
    [
        "MaxSessions 1",
        "PubkeyAcceptedAlgorithms rsa-sha2-256",
        "Subsystem sftp internal-sftp -P fstat",
        "Subsystem sftp internal-sftp -P lstat",
        "RekeyLimit 1M",
        "Ciphers aes256-ctr",
    ],
    ids=["one session", "one signature algorithm", "no fstat", "no lstat", "new keys all the time", "no AES-GCM"],
)
def test_openssh_with_unusual_settings_is_collected_from(stack, collect_from, tmp_path, setting):
    # when
    with openssh_server(tmp_path / "server", setting) as server:
        collect_from(server)

    # then
    assert everything_landed(stack)


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("AuthenticationMethods publickey,publickey", "but also wants a second factor: publickey"),
        ("PubkeyAcceptedAlgorithms ssh-rsa", "signed with rsa-sha2-512 and with rsa-sha2-256"),
        ("Subsystem sftp {shell}", "but sent 'Last login: today"),
    ],
    ids=["second factor", "SHA-1 only", "printing shell"],
)
def test_openssh_that_does_not_serve_the_platform_is_named(stack, collect_from, tmp_path, setting, reason):
    # given
    shell = tmp_path / "shell"
    shell.write_text("#!/bin/sh\necho 'Last login: today'\nexec /usr/lib/openssh/sftp-server\n")
    shell.chmod(0o755)

    # when
    server_of = openssh_server(tmp_path / "server", setting.format(shell=shell))
    with server_of as server, pytest.raises(CollectionFailedError) as error:
        collect_from(server)

    # then
    assert reason in failures_of(error)
    assert_nothing_landed(stack)


@pytest.mark.parametrize("attempt", range(4))
def test_proftpd_that_allows_one_connection_is_collected_from(stack, collect_from, tmp_path, attempt):
    # given that the server may accept either worker
    del attempt

    # when
    with proftpd_server(tmp_path / "server") as server:
        collect_from(server)

    # then
    assert everything_landed(stack)
