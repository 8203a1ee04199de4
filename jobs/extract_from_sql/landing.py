"""Puts an extraction's object into the lake once. An existing object is never replaced.

A run may be killed, or lose its claim, after it wrote the object and before it updated the ledger. The object may
already have been processed by then, and nothing would process it again. So the run that takes over does not replace it
with the present rows: it finds the object and completes the claim from the object's own metadata, which holds
everything that the ledger records of an extraction.
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

# Parts of 16 MiB: S3 accepts 10,000 of them, and few are in memory at once.
_TRANSFER: Final = TransferConfig(
    multipart_threshold=16 * 1024 * 1024, multipart_chunksize=16 * 1024 * 1024, max_concurrency=2
)
# S3 keeps 2 kB of user metadata; the parquet file's own metadata has the full text.
_METADATA_CHARACTERS: Final = 500


@dataclass(frozen=True, slots=True)
class Record:
    """What the ledger records of a complete extraction."""

    rows: int
    columns: str
    """The table's columns, from jobs.extract_from_sql.drift."""
    boundary: bytes | None
    """Digests for the next range, from jobs.extract_from_sql.boundary."""

    def as_metadata(self) -> dict[str, str]:
        """Return it in the form that a parquet file stores beside its rows."""
        boundary = {} if self.boundary is None else {"boundary": base64.b64encode(self.boundary).decode()}
        return {"columns": self.columns, **boundary}


class InboundObjects:
    """The objects of extractions in the lake.

    Args:
        client: a plain boto3 S3 client. From then on it replaces no object.
        bucket: the lake's bucket.
        run_id: id of the run, which each object carries.
    """

    def __init__(self, client: "S3Client", bucket: str, run_id: str) -> None:
        # The transfer manager does not support conditions, so they are added to its requests.
        for operation in ("PutObject", "CompleteMultipartUpload"):
            client.meta.events.register(f"before-parameter-build.s3.{operation}", _if_absent)
        self._client = client
        self._bucket = bucket
        self._run_id = run_id

    def put(self, key: str, file: Path, about: Mapping[str, str]) -> bool:
        """Put a parquet file. Return False if the object already exists, without changing it.

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
            ExtractionError: the object cannot be read.
        """
        try:
            self._client.download_file(self._bucket, key, str(file))
        except (BotoCoreError, ClientError) as error:
            raise ExtractionError(
                f"s3://{self._bucket}/{key}, the object of the last extraction, cannot be read: {error}; restore "
                "its latest version"
            ) from error


def record_of(file: Path) -> Record:
    """Read what an extraction's parquet file records about itself.

    Raises:
        ExtractionError: the file is not from an extraction.
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
