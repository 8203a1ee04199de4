"""What a process used, and the verdict on a bar."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process, with its children, used."""

    seconds: float
    """On the wall."""
    processor_seconds: float
    peak_megabytes: float
    """Resident memory of all of them together."""


def judge(what: str, found: float, allowed: float) -> int:
    """Print whether a figure is within its limit. Returns 1 if it is not."""
    print(f"{'holds' if found <= allowed else 'MISSED'}: {what}: {found:.2f}, at most {allowed:,}")
    return int(found > allowed)
