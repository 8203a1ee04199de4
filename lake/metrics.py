"""Names of the metrics that the platform's own code publishes, and of their dimensions.

Each stack gives its functions and jobs a namespace of its own, so that two stacks of one account stay separate.
"""

from typing import Final

DATASET: Final = "dataset"
REPORT: Final = "report"
SERVICE: Final = "service"
"""A dimension that Powertools adds to every metric of a function."""

FILES_COLLECTED: Final = "FilesCollected"
FILES_NOT_COLLECTED: Final = "FilesNotCollected"
BYTES_COLLECTED: Final = "BytesCollected"
"""By SERVICE and DATASET, from each collection run."""

EVENTS_ACCEPTED: Final = "EventsAccepted"
EVENTS_NOT_STORED: Final = "EventsNotStored"
REQUESTS_REFUSED: Final = "RequestsRefused"
"""By SERVICE, from each API request."""

EVENTS_LANDED: Final = "EventsLanded"
EVENTS_POISONOUS: Final = "EventsPoisonous"
"""By SERVICE, from each batch."""

NEWEST_OBJECT_AGE: Final = "NewestObjectAge"
"""Seconds since a dataset's newest object landed, by SERVICE and DATASET, at each run of the watcher."""

ROWS_IN: Final = "RowsIn"
ROWS_QUARANTINED: Final = "RowsQuarantined"
ROWS_DUPLICATE: Final = "RowsDuplicate"
"""By DATASET, from each run of the warehouse or sanitise job."""

OBJECTS_MERGED: Final = "ObjectsMerged"
BYTES_MERGED: Final = "BytesMerged"
TABLE_COMMITS: Final = "TableCommits"
"""By DATASET, from each run that merged something into the dataset's published tables."""
OBJECTS_MISSED: Final = "ObjectsMissed"
"""Unmerged objects that were missing in the index, by DATASET, from each full comparison."""

ROWS_PUBLISHED: Final = "RowsPublished"
"""By REPORT, from each run of the mart job."""

RECEIVER: Final = "event-receiver"
BATCHER: Final = "event-batcher"
COLLECTOR: Final = "sftp-collector"
RECORDER: Final = "object-attributes"
FRESHNESS: Final = "freshness"
FORWARDER: Final = "alarm-forwarder"
"""Values of SERVICE, one for each function."""
