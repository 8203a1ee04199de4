"""Sessions of the collector with one misbehaving SFTP server, without AWS and worker processes."""

import asyncio
import contextlib
import threading

import asyncssh

from emulation.sftp_server.server import host_key_line
from functions.sftp_collector.connection import connect
from functions.sftp_collector.login import read_private_key
from lake.ledger.ledger import FileVersion
from lake.parameters import Connection
from tests.support.sftp import START_SECONDS, USER


def session_with(port, host_key, client_key):
    """Connect as the collector does."""
    connection = Connection(host="127.0.0.1", port=port, user=USER, host_keys=(host_key,), private_key_parameter="/key")
    return connect(connection, read_private_key(client_key.pem, "/key"))


@contextlib.contextmanager
def running_server(keys, server=asyncssh.SSHServer, **options):
    """Run an asyncssh server of the test in an event loop in its own thread; yield its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def in_loop(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(START_SECONDS)

    connections = []

    def noting_its_connection():
        instance = server()
        connection_made = instance.connection_made

        def note(connection):
            connections.append(connection)
            connection_made(connection)

        instance.connection_made = note
        return instance

    async def start():
        return await asyncssh.create_server(noting_its_connection, "127.0.0.1", 0, **options)

    known = asyncssh.import_authorized_keys(keys.client.public_line)
    options = {"server_host_keys": [keys.host_key], "authorized_client_keys": known, **options}
    acceptor = in_loop(start())
    try:
        yield acceptor.get_port()
    finally:

        async def stop():
            acceptor.close()
            await acceptor.wait_closed()
            for connection in connections:
                connection.abort()
                await connection.wait_closed()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        in_loop(stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_SECONDS)
        loop.close()


def session_with_own_server(keys, port):
    """Connect to a server that `running_server` started."""
    return session_with(port, host_key_line(keys.host_key), keys.client)


def version_of(file, path):
    """Return the version that a listing would give."""
    found = file.stat()
    return FileVersion("parcels", "carrier", path, found.st_size, int(found.st_mtime))
