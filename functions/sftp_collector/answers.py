"""The errors of a server's answers. paramiko raises OSError and EOFError for these and for a broken connection."""

from typing import Final

from paramiko.sftp import SFTP_EOF, SFTP_NO_SUCH_FILE, SFTP_PERMISSION_DENIED, SFTPError

from functions.errors import CollectorError

# At most so many bytes of a server are quoted in a message.
SHOWN_BYTES: Final = 80


class AnswerError(CollectorError, OSError):
    """The server refused a request. The connection is as good as before."""


class NoSuchFileAnswerError(AnswerError, FileNotFoundError):
    """The server does not have the file."""


class ForbiddenAnswerError(AnswerError, PermissionError):
    """The server does not give the user the right to it."""


class EndAnswerError(AnswerError):
    """The server says that the file or the listing ends here."""


class NotSftpError(CollectorError, SFTPError):
    """What the server sent is not SFTP.

    Args:
        received: how it begins.
    """

    def __init__(self, received: bytes) -> None:
        super().__init__(f"the server sent something that is not an SFTP packet: {shown(received)}")
        self.received = received


def answer_error(code: int, text: bytes) -> AnswerError:
    """The error of a status that is not OK, whatever its code and in whatever encoding its text is."""
    words = text.decode("utf-8", "replace").strip() or f"error code {code}"
    match code:
        case _ if code == SFTP_EOF:
            return EndAnswerError(f"the server reported the end of the file ({words})")
        case _ if code == SFTP_NO_SUCH_FILE:
            return NoSuchFileAnswerError(words)
        case _ if code == SFTP_PERMISSION_DENIED:
            return ForbiddenAnswerError(words)
        case _:
            return AnswerError(words)


def shown(received: bytes) -> str:
    """Bytes of a server as a message can quote them: in one line, and not too long."""
    text = received[:SHOWN_BYTES].decode("utf-8", "replace")
    return repr(text if len(received) <= SHOWN_BYTES else f"{text}…")
