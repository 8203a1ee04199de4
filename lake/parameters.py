"""The parameters that the program writes to SSM and the collectors read: one model for both sides."""

from datetime import timedelta
from typing import Annotated, Final, Self

# Not pydantic: importing its models alone doubled the collector's start time.
import msgspec


class StoredParameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An SSM parameter whose value is JSON."""

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a stored value.

        Raises:
            msgspec.DecodeError: The text is not JSON or does not fit the model; the message states the error and its
                place.
        """
        return msgspec.json.decode(text, type=cls)

    def to_json(self) -> str:
        """Return the value to store.

        Raises:
            msgspec.ValidationError: The stored value could not be read again.
        """
        text = msgspec.json.encode(self).decode()
        # A struct is validated when it is decoded, not when it is constructed.
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


# A file that was written more recently than this is left to a later run. It may change again within the same second (or
# two, on file systems that count in steps of two) and then look the same. A later change looks different.
FRESH: Final = timedelta(seconds=2)


class Collection(StoredParameter, frozen=True, kw_only=True):
    """What to collect for one dataset. Stored as JSON in {prefix}/datasets/{name}/collection."""

    dataset: str
    connection: str
    # Directory on the server, absolute or relative to the login's home.
    directory: str
    # Pattern that a file's name must match (fnmatch, case-sensitive), such as "*.csv".
    pattern: str
    # Directory on the server to which a collected file is moved. None: the file stays where it is.
    archive: str | None = None
    # How long a file must be unchanged before it is collected; at least FRESH in any case.
    quiet_seconds: Annotated[int, msgspec.Meta(ge=0)] = 0


def connection_parameter(prefix: str, connection: str) -> str:
    """Return the name of the SSM parameter that holds a connection."""
    return f"{prefix}/connections/{connection}"


def private_key_parameter(prefix: str, connection: str) -> str:
    """Return the name of the SSM SecureString that holds a connection's client key."""
    return f"{prefix}/connections/{connection}/private-key"


def host_key_parameter(prefix: str, connection: str) -> str:
    """Return the name of the SSM SecureString that holds a server's host key, if the program generated it."""
    return f"{prefix}/sftp-servers/{connection}/host-key"


def authorized_keys_parameter(prefix: str, connection: str) -> str:
    """Return the name of the SSM parameter that holds the public keys that such a server accepts."""
    return f"{prefix}/sftp-servers/{connection}/authorized-keys"


def collection_parameter(prefix: str, dataset: str) -> str:
    """Return the name of the SSM parameter that holds a dataset's collection."""
    return f"{prefix}/datasets/{dataset}/collection"


class Database(StoredParameter, frozen=True, kw_only=True):
    """How to reach one SQL Server. Stored as JSON in {prefix}/databases/{name}."""

    host: NonEmptyText
    port: _Port
    database: NonEmptyText
    user: NonEmptyText
    # Name of the SSM SecureString that holds the login's password.
    password_parameter: str
    # Name of the SSM String that holds the only accepted certificate (PEM): the server's own or its authority's.
    certificate_parameter: str


def database_parameter(prefix: str, database: str) -> str:
    """Return the name of the SSM parameter that holds a database."""
    return f"{prefix}/databases/{database}"


def password_parameter(prefix: str, database: str) -> str:
    """Return the name of the SSM SecureString that holds the password of a database's login."""
    return f"{prefix}/databases/{database}/password"


def certificate_parameter(prefix: str, database: str) -> str:
    """Return the name of the SSM parameter that holds the accepted certificate of a database's server or authority."""
    return f"{prefix}/databases/{database}/certificate"


def server_key_parameter(prefix: str, database: str) -> str:
    """Return the name of the SSM SecureString that holds the key of a server's certificate, if the program made it."""
    return f"{prefix}/database-servers/{database}/key"


def server_certificate_parameter(prefix: str, database: str) -> str:
    """Return the name of the SSM parameter that holds a server's certificate, if the program generated it."""
    return f"{prefix}/database-servers/{database}/certificate"


def administrator_password_parameter(prefix: str, database: str) -> str:
    """Return the name of the SSM SecureString that holds the password of sa, if the program runs the server itself."""
    return f"{prefix}/database-servers/{database}/administrator-password"
