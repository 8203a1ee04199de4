"""A job's log as a person reads it. The lines themselves are JSON, for machines."""

import json
from typing import Any, Final

from lake.printable import printable

_KINDS: Final = ("object", "report", "table", "declaration", "dataset", "folder")
_PHRASES: Final = {
    "rows": "rows",
    "rows_in": "rows in",
    "rows_warehouse": "clean",
    "rows_quarantined": "quarantined",
    "rows_duplicate": "duplicates",
    "objects": "objects merged",
    "commits": "commits",
    "missed": "missed by notifications",
}
_REMOVED: Final = {
    "snapshots": "snapshots",
    "metadata_files": "old metadata files",
    "orphans": "orphan files",
    "bytes": "bytes",
}
"""What the maintenance counts."""

_OTHERS: Final = ("unchanged", "waiting", "unreadable", "misplaced", "missed", "unknown")
"""Further outcomes that the last line counts."""


def readable_line(line: str) -> str:
    """One line that a job printed, in words and safe for a terminal; one that is not of a job's log stays."""
    return printable(_in_words(line))


def rows_of(line: str) -> list[int]:
    """The number of rows that a line of a job's log reports; empty if it reports none."""
    rows = _fields(line).get("rows")
    return [rows] if isinstance(rows, int) else []


def _in_words(line: str) -> str:
    fields = _fields(line)
    match fields.get("outcome"):
        case "done" | "rebuilt":
            counts = [f"{fields[name]:,} {phrase}" for name, phrase in _PHRASES.items() if name in fields]
            counts += _removed(fields)
            return f"{_item(fields)}: {', '.join(counts) or 'done'}"
        case "failed" | "unchanged" as outcome:
            # Why one failed is in the error that ends the job, which lists every item that failed.
            return f"{_item(fields)}: {outcome}"
        case "unreadable":
            return f"{_item(fields)}: cannot be read, quarantined whole: {fields['reason']}"
        case "misplaced" | "unknown" | "waiting":
            return f"{_item(fields)}: not processed: {fields['reason']}"
        case "finished":
            others = [f", {fields[name]:,} {name}" for name in _OTHERS if fields.get(name)]
            others += [f"; {text}" for text in _removed(fields)]
            return f"{fields['done']:,} done, {fields['failed']:,} failed{''.join(others)}"
        case _:
            return line


def _removed(fields: dict[str, Any]) -> list[str]:
    if "orphans" not in fields:
        return []
    counts = [f"{fields[name]:,} {phrase}" for name, phrase in _REMOVED.items() if fields.get(name)]
    verb = "would remove" if "dry_run" in fields else "removed"
    return [f"{verb} {', '.join(counts) or 'nothing'}"]


def _fields(line: str) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) and "job" in fields else {}


def _item(fields: dict[str, Any]) -> str:
    return next((str(fields[kind]) for kind in _KINDS if kind in fields), str(fields["job"]))
