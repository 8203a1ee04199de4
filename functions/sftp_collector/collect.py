"""Collect one dataset: list its directory, ask the ledger, transfer what is new, and report every file that failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from functions.sftp_collector.connection import ConnectionLostError, RemoteFile, Session, SourceUnavailableError
from functions.sftp_collector.transfer import Destination, FileChangedError, transfer
from lake.collection import Collection
from lake.keys import InvalidKeyError, check_file_name
from lake.ledger import Claim, FileVersion, Ledger, LedgerError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A connection that breaks is opened again; a file that breaks it each time must not take the others along.
ATTEMPTS: Final = 2
ATTEMPTS_TO_CONNECT: Final = 3
PAUSE_SECONDS: Final = 1.0

logger = Logger(child=True)

# What may go wrong with one file while the others can go on.
_FILE_ERRORS: Final = (FileChangedError, InvalidKeyError, LedgerError, OSError, BotoCoreError, ClientError)
_SOURCE_ERRORS: Final = (ConnectionLostError, SourceUnavailableError)


@dataclass(frozen=True, slots=True)
class CollectedFile:
    """One file that this run brought into the lake."""

    source: str
    key: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FailedFile:
    """One file, or the directory as a whole, that could not be collected, and why."""

    source: str
    error: str


@dataclass(slots=True)
class CollectionResult:
    """What a run did."""

    dataset: str
    collected: list[CollectedFile] = field(default_factory=list[CollectedFile])
    unchanged: int = 0
    failed: list[FailedFile] = field(default_factory=list[FailedFile])


class Collector:
    """Collects one dataset.

    Args:
        collection: what to collect.
        open_session: connects; raises SourceUnavailableError.
        ledger: says what was collected.
        client: S3.
        bucket: the lake's bucket.
        pause: waits the seconds that it is given before connecting again.
    """

    def __init__(
        self,
        collection: Collection,
        open_session: Callable[[], Session],
        ledger: Ledger,
        client: S3Client,
        bucket: str,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._collection = collection
        self._open_session = open_session
        self._ledger = ledger
        self._client = client
        self._bucket = bucket
        self._pause = pause
        self._session: Session | None = None
        self._unavailable: SourceUnavailableError | None = None
        self._result = CollectionResult(collection.dataset)

    def run(self) -> CollectionResult:
        """Collect all that can be collected. What cannot is in the result with its reason; nothing is raised for it."""
        try:
            files = self._list()
            for file in files:
                self._collect(file)
        finally:
            self._disconnect()
        return self._result

    def _list(self) -> list[RemoteFile]:
        directory = self._collection.directory
        try:
            entries = self._entries(directory)
        except FileNotFoundError:
            self._fail(
                directory, "there is no such directory; create it at the source or correct the dataset's directory"
            )
        except PermissionError:
            self._fail(directory, "the server does not let the user list it; ask its operator for the right to")
        except (OSError, *_SOURCE_ERRORS) as error:
            self._fail(directory, f"it could not be listed: {error}")
        else:
            wanted = [entry for entry in entries if fnmatchcase(entry.name, self._collection.pattern)]
            # Oldest first, so that the versions of a day are numbered in the order in which they were written.
            return sorted(wanted, key=lambda entry: (entry.modified or 0, entry.name))
        return []

    def _entries(self, directory: str) -> list[RemoteFile]:
        for _ in range(ATTEMPTS - 1):
            try:
                return self._connected().regular_files(directory)
            except ConnectionLostError as error:
                logger.warning("connection lost", extra={"source": directory, "error": str(error)})
                self._disconnect()
        return self._connected().regular_files(directory)

    def _collect(self, file: RemoteFile) -> None:
        path = _path(self._collection.directory, file.name)
        if file.size is None or file.modified is None:
            self._fail(path, "the server tells no size or no time of modification, so a change could not be seen")
            return
        version = FileVersion(self._collection.dataset, self._collection.connection, path, file.size, file.modified)
        try:
            refusal = _refusal(file)
            if refusal is None:
                self._collect_version(version)
            else:
                self._ledger.refuse(version, refusal)
                self._fail(path, refusal)
        except (*_FILE_ERRORS, *_SOURCE_ERRORS) as error:
            self._fail(path, explain(error))

    def _collect_version(self, version: FileVersion) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            claim = self._ledger.claim(version)
            if claim is None:
                self._result.unchanged += 1
                return
            try:
                self._transfer(claim)
            except ConnectionLostError as error:
                self._record_failure(claim, error)
                self._disconnect()
                if attempt == ATTEMPTS:
                    raise
            except (*_FILE_ERRORS, SourceUnavailableError) as error:
                self._record_failure(claim, error)
                raise
            else:
                return

    def _transfer(self, claim: Claim) -> None:
        version = claim.version
        held = claim

        def still_ours() -> None:
            nonlocal held
            held = self._ledger.renew(held)

        destination = Destination(self._client, self._bucket, claim.object_key)
        done = transfer(self._connected(), version.path, version.size, version.modified, destination, still_ours)
        self._ledger.complete(claim, transferred=done.bytes, sha256=done.sha256)
        self._result.collected.append(CollectedFile(version.path, claim.object_key, done.bytes, done.sha256))
        logger.info("collected", extra={"source": version.path, "key": claim.object_key, "bytes": done.bytes})

    def _record_failure(self, claim: Claim, reason: Exception) -> None:
        try:
            self._ledger.fail(claim, explain(reason))
        except (LedgerError, BotoCoreError, ClientError) as error:
            # The reason itself is reported all the same; the claim ends with its lease.
            logger.warning("failure not recorded", extra={"source": claim.version.path, "error": str(error)})

    def _connected(self) -> Session:
        if self._session is not None:
            return self._session
        for attempt in range(1, ATTEMPTS_TO_CONNECT + 1):
            # Once it is known that the server cannot be used, the files that remain do not wait for it again.
            if self._unavailable is not None:
                raise self._unavailable
            try:
                self._session = self._open_session()
            except SourceUnavailableError as error:
                if not error.may_pass or attempt == ATTEMPTS_TO_CONNECT:
                    self._unavailable = error
                else:
                    logger.warning("connecting failed", extra={"attempt": attempt, "error": str(error)})
                    self._pause(PAUSE_SECONDS * attempt)
            else:
                return self._session
        raise self._unavailable or AssertionError("unreachable: the last attempt sets it")

    def _disconnect(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _fail(self, source: str, error: str) -> None:
        self._result.failed.append(FailedFile(source, error))
        logger.error("not collected", extra={"source": source, "error": error})


def _path(directory: str, name: str) -> str:
    # Only names that are refused hold what cannot be written as UTF-8; they have to be told all the same.
    return f"{directory.rstrip('/')}/{name}".encode("utf-8", "backslashreplace").decode()


def _refusal(file: RemoteFile) -> str | None:
    """Why a file is not even tried; None if it is."""
    try:
        check_file_name(file.name)
    except InvalidKeyError as error:
        return str(error)
    if file.size == 0:
        return (
            "it is empty (0 bytes), so nothing was landed; if that is no mistake of its sender, remove it at its source"
        )
    return None


def explain(error: Exception) -> str:
    """An error of one file, in words for the person who has to do something about it."""
    match error:
        case FileNotFoundError():
            text = "it vanished after it was listed; if it comes back, the next run collects it"
        case PermissionError():
            text = "the server does not let the user read it; ask its operator for the right to read"
        case ClientError():
            text = f"AWS did not do it: {error}; check the rights of the collector's role, then run the collector again"
        case OSError():
            text = f"the server failed to read it: {error}; ask its operator"
        case _:
            text = str(error)
    return "; ".join([text, *getattr(error, "__notes__", [])])
