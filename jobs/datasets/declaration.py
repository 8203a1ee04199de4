"""What a dataset's file declares. Everything else about the dataset is derived from this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import dataframely as dy

from jobs.sanitise.routines import Routine


@dataclass(frozen=True, slots=True)
class SftpSource:
    """Files that arrive by SFTP."""

    connection: str
    """Name of a connection in the stack's settings."""
    directory: str
    """Directory on the server, relative to the login's home or absolute."""
    pattern: str
    """fnmatch pattern of the file names to take, case-sensitive."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset: its schema, where it comes from, who owns it and how fresh it has to be."""

    name: str
    schema: type[dy.Schema]
    """Types, keys and rules of a clean row. Its primary key is what "latest row per key" means."""
    source: SftpSource
    owner: str
    """The team that answers for it."""
    schedule: str
    """EventBridge Scheduler expression, in the stack's time zone, such as "cron(0 5 * * ? *)"."""
    freshness: timedelta
    """How old the newest landed object may be before the dataset counts as late."""
    cleansing: Mapping[str, Sequence[Routine]] = field(default_factory=dict[str, Sequence[Routine]])
    """Cleansing routines by column, applied in their order before the rules are checked."""
