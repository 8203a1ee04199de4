"""Aborts a dataset's open multipart uploads that no run will resume."""

from __future__ import annotations

from functions.sftp_collector.large_file import abort
from functions.sftp_collector.transfer import Destination
from lake.keys import inbound_prefix
from lake.ledger.strays import StrayUploads


def abort_strays(destination: Destination, dataset: str, strays: StrayUploads) -> int:
    """Abort the stray uploads. Returns their number.

    Args:
        destination: the S3 client and the bucket; S3's listing provides the keys.
        dataset: the dataset's name.
        strays: decides which uploads are strays.

    Raises:
        LedgerError, botocore.exceptions.ClientError: S3 or the ledger refused.
    """
    pages = destination.client.get_paginator("list_multipart_uploads").paginate(
        Bucket=destination.bucket, Prefix=inbound_prefix(dataset)
    )
    count = 0
    for page in pages:
        for upload in page.get("Uploads", []):
            key, upload_id = upload.get("Key", ""), upload.get("UploadId", "")
            if strays.is_stray(dataset, key, upload_id):
                abort(Destination(destination.client, destination.bucket, key), upload_id)
                strays.record_abort(dataset, key, upload_id)
                count += 1
    return count
