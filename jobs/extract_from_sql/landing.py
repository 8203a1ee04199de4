"""Puts an extraction's object into the lake, once: what stands under a key is never replaced.

A run may be killed, or lose its claim, between the object and the ledger. By then the object may have been processed,
and nobody processes it again. So the run that takes over does not replace it by the rows as they are now: it finds that
an object stands, and completes from what that tells of itself, which is all that the ledger is told of an extraction.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore.exceptions import BotoCoreError, ClientError

from jobs.extract_from_sql.errors import ExtractionError
from lake.object_metadata import CORRELATION_ID
from processing.storage.parquet import MEDIA_TYPE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Parts of 16 MiB: S3 takes 10,000 of them, and few are in memory at once.
_TRANSFER: Final = TransferConfig(
    multipart_threshold=16 * 1024 * 1024, multipart_chunksize=16 * 1024 * 1024, max_concurrency=2
)
# S3 keeps 2 kB of user metadata; the parquet file's own metadata has the whole.
_METADATA_CHARACTERS: Final = 500


@dataclass(frozen=True, slots=True)
class Record:
    """What the ledger is told of an extraction that is complete."""

    rows: int
    columns: str
    """The table's columns, as jobs.extract_from_sql.drift describes them."""
    boundary: bytes | None
    """What the next range has to know, as jobs.extract_from_sql.boundary remembers it."""

    def as_metadata(self) -> dict[str, str]:
        """How a parquet file carries it beside its rows."""
        boundary = {} if self.boundary is None else {"boundary": base64.b64encode(self.boundary).decode()}
        return {"columns": self.columns, **boundary}


class InboundObjects:
    """The objects of extractions in the lake.

    Args:
        client: a plain boto3 S3 client, which from then on replaces no object.
        bucket: the lake's.
        run_id: of the run, which each object carries.
    """

    def __init__(self, client: "S3Client", bucket: str, run_id: str) -> None:
        # The transfer manager knows no conditions, so they are added to the requests that it makes.
        for operation in ("PutObject", "CompleteMultipartUpload"):
            client.meta.events.register(f"before-parameter-build.s3.{operation}", _if_absent)
        self._client = client
        self._bucket = bucket
        self._run_id = run_id

    def put(self, key: str, file: Path, about: Mapping[str, str]) -> bool:
        """Put a parquet file. Returns False if an object stands there already, which is left as it is.

        Raises:
            botocore.exceptions.ClientError: S3 refused.
        """
        metadata = {name: value[:_METADATA_CHARACTERS] for name, value in about.items()}
        extra = {"ContentType": MEDIA_TYPE, "Metadata": {**metadata, CORRELATION_ID: self._run_id}}
        with create_transfer_manager(self._client, _TRANSFER) as manager:
            upload = manager.upload(str(file), self._bucket, key, extra_args=extra)
            try:
                upload.result()
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != "PreconditionFailed":
                    raise
                return False
        return True

    def download(self, key: str, file: Path) -> None:
        """Copy an object to a file.

        Raises:
            ExtractionError: it cannot be read.
        """
        try:
            self._client.download_file(self._bucket, key, str(file))
        except (BotoCoreError, ClientError) as error:
            raise ExtractionError(
                f"s3://{self._bucket}/{key}, the object of the last extraction, cannot be read: {error}; restore "
                "its latest version"
            ) from error


def record_of(file: Path) -> Record:
    """What a parquet file of an extraction tells of itself.

    Raises:
        ExtractionError: it is none.
    """
    try:
        found = pq.read_metadata(file)
        boundary = found.metadata.get(b"boundary")
        return Record(
            found.num_rows,
            found.metadata[b"columns"].decode(),
            None if boundary is None else base64.b64decode(boundary),
        )
    except (pa.ArrowInvalid, KeyError, TypeError) as error:
        raise ExtractionError(
            "an object that no extraction wrote has the key of this extraction; move it away"
        ) from error


def _if_absent(params: dict[str, Any], **_more: object) -> None:
    params["IfNoneMatch"] = "*"
