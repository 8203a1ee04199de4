"""Errors that concern one file while the others can continue: their consequence, and their message for a person."""

from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from functions.errors import CollectorError
from functions.sftp_collector.messages import Trouble
from functions.sftp_collector.session import ConnectionLostError, SourceUnavailableError
from lake.errors import LakeError
from lake.ledger.ledger import ClaimedElsewhereError, LostClaimError

EXPECTED_ERRORS: Final = (BotoCoreError, ClientError, CollectorError, LakeError, OSError)


def trouble_of(error: Exception) -> Trouble:
    """Return an error's consequence for the next step."""
    match error:
        case SourceUnavailableError():
            return Trouble.UNAVAILABLE
        case ClaimedElsewhereError() | LostClaimError():
            return Trouble.CLAIMED
        case ConnectionLostError() | BotoCoreError() | ClientError():
            return Trouble.PASSING
        case _:
            return Trouble.VERSION


def explain(error: Exception) -> str:
    """Return the message about a file's error for the person who has to act on it."""
    match error:
        case FileNotFoundError():
            return "the file disappeared after it was listed; if it returns, the next run collects it"
        case PermissionError():
            return "the server does not let the user read the file; ask the server's operator for read permission"
        case ClientError():
            return (
                f"AWS request failed: {error}; check the rights of the collector's role, then run the collector again"
            )
        case OSError():
            return f"the server failed to read the file: {error}; ask the server's operator"
        case _:
            return str(error)
