"""What a collector has to know, as the program writes it to SSM and the function reads it: one model for both sides."""

from datetime import timedelta
from typing import Annotated, Final, Self

# Not pydantic: its models alone took as long to import as all the rest of the collector's start.
import msgspec


class StoredParameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an SSM parameter holds as JSON."""

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read it as it is stored.

        Raises:
            msgspec.DecodeError: it is not JSON, or not of this form; the message says what is wrong and where.
        """
        return msgspec.json.decode(text, type=cls)

    def to_json(self) -> str:
        """As it is stored.

        Raises:
            msgspec.ValidationError: what it was constructed from could not be read again.
        """
        text = msgspec.json.encode(self).decode()
        # A struct checks what it reads, and not what it is constructed from.
        self.from_json(text)
        return text


NonEmptyText = Annotated[str, msgspec.Meta(min_length=1)]
_Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class Connection(StoredParameter, frozen=True, kw_only=True):
    """How to reach one SFTP server. Stored as JSON in {prefix}/connections/{name}."""

    host: NonEmptyText
    port: _Port
    user: NonEmptyText
    # OpenSSH public host keys, "type base64". Empty: nothing is pinned, and the collector refuses to connect.
    host_keys: tuple[str, ...]
    # Name of the SSM SecureString that holds the client's RSA private key (PEM).
    private_key_parameter: str


# A file that was written less than this ago is left to a later run. It may change within its second, or two where the
# file system counts in twos, and then look the same; what changes later looks different.
FRESH: Final = timedelta(seconds=2)


class Collection(StoredParameter, frozen=True, kw_only=True):
    """What to collect for one dataset. Stored as JSON in {prefix}/datasets/{name}/collection."""

    dataset: str
    connection: str
    # Directory on the server, relative to the login's home or absolute.
    directory: str
    # fnmatch pattern that a file's name must match, case-sensitive, such as "*.csv".
    pattern: str
    # Directory on the server that a collected file is moved to. None: it stays where it is.
    archive: str | None = None
    # How long a file has to be unchanged before it is collected, and never less than FRESH.
    quiet_seconds: Annotated[int, msgspec.Meta(ge=0)] = 0


def connection_parameter(prefix: str, connection: str) -> str:
    """Name of the SSM parameter that holds a connection."""
    return f"{prefix}/connections/{connection}"


def private_key_parameter(prefix: str, connection: str) -> str:
    """Name of the SSM SecureString that holds a connection's client key."""
    return f"{prefix}/connections/{connection}/private-key"


def host_key_parameter(prefix: str, connection: str) -> str:
    """Name of the SSM SecureString that holds a server's host key, where the program generated it."""
    return f"{prefix}/sftp-servers/{connection}/host-key"


def authorized_keys_parameter(prefix: str, connection: str) -> str:
    """Name of the SSM parameter that holds the public keys that such a server lets in."""
    return f"{prefix}/sftp-servers/{connection}/authorized-keys"


def collection_parameter(prefix: str, dataset: str) -> str:
    """Name of the SSM parameter that holds a dataset's collection."""
    return f"{prefix}/datasets/{dataset}/collection"


class Database(StoredParameter, frozen=True, kw_only=True):
    """How to reach one SQL Server. Stored as JSON in {prefix}/databases/{name}."""

    host: NonEmptyText
    port: _Port
    database: NonEmptyText
    user: NonEmptyText
    # Name of the SSM SecureString that holds the login's password.
    password_parameter: str
    # Name of the SSM String that holds the certificate (PEM) that the server has to show, or its authority's; no other
    # is accepted.
    certificate_parameter: str


def database_parameter(prefix: str, database: str) -> str:
    """Name of the SSM parameter that holds a database."""
    return f"{prefix}/databases/{database}"


def password_parameter(prefix: str, database: str) -> str:
    """Name of the SSM SecureString that holds the password of a database's login."""
    return f"{prefix}/databases/{database}/password"


def certificate_parameter(prefix: str, database: str) -> str:
    """Name of the SSM parameter that holds the certificate that a database's server has to show, or its authority's."""
    return f"{prefix}/databases/{database}/certificate"


def server_key_parameter(prefix: str, database: str) -> str:
    """Name of the SSM SecureString that holds the key of a server's certificate, where the program generated it."""
    return f"{prefix}/database-servers/{database}/key"


def server_certificate_parameter(prefix: str, database: str) -> str:
    """Name of the SSM parameter that holds the certificate that a server shows, where the program generated it."""
    return f"{prefix}/database-servers/{database}/certificate"


def administrator_password_parameter(prefix: str, database: str) -> str:
    """Name of the SSM SecureString that holds the password of sa, where the program runs the server itself."""
    return f"{prefix}/database-servers/{database}/administrator-password"
