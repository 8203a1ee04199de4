"""Errors for a server's refusals. paramiko raises OSError and EOFError both for these and for a broken connection."""

from typing import Final

from paramiko.sftp import SFTP_EOF, SFTP_NO_SUCH_FILE, SFTP_PERMISSION_DENIED, SFTPError

from functions.errors import CollectorError

# Most bytes of a server's answer that a message quotes.
SHOWN_BYTES: Final = 80


class AnswerError(CollectorError, OSError):
    """The server refused a request. The connection is still usable."""


class NoSuchFileAnswerError(AnswerError, FileNotFoundError):
    """The server does not have the file."""


class ForbiddenAnswerError(AnswerError, PermissionError):
    """The server does not give the user permission."""


class EndAnswerError(AnswerError):
    """The server reports the end of the file or listing."""


class NotSftpError(CollectorError, SFTPError):
    """The server sent something that is not SFTP.

    Args:
        received: the first bytes that the server sent.
    """

    def __init__(self, received: bytes) -> None:
        super().__init__(f"the server sent something that is not an SFTP packet: {shown(received)}")
        self.received = received


def answer_error(code: int, text: bytes) -> AnswerError:
    """Return the error for a status that is not OK, with any code and any text encoding."""
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
    """Return a server's bytes in a form that a message can quote: on one line, and not too long."""
    text = received[:SHOWN_BYTES].decode("utf-8", "replace")
    return repr(text if len(received) <= SHOWN_BYTES else f"{text}…")
