"""Resources that a process used, and the verdict on a bar."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources that one process and its children used."""

    seconds: float
    """Wall time."""
    processor_seconds: float
    peak_megabytes: float
    """Resident memory of all processes together."""


def judge(what: str, found: float, allowed: float) -> int:
    """Print whether a figure is within its limit. Return 1 if it is not."""
    print(f"{'holds' if found <= allowed else 'MISSED'}: {what}: {found:.2f}, at most {allowed:,}")
    return int(found > allowed)
