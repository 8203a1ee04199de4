"""Refuses a retention that would lose rows, keep refused ones too long, or process objects twice."""

from datetime import timedelta

from processing.declaring.dataset import Dataset, SqlSource
from processing.declaring.retention import FEWEST_DAYS, HISTORY_OUTLIVES, MOST_DAYS, MOST_TIME_TRAVEL
from processing.registry.declaration_file import DeclarationError


def check_retention(dataset: Dataset) -> None:
    """Refuse a retention that contradicts itself or the dataset.

    Raises:
        DeclarationError: what is wrong, and what to declare instead.
    """
    kept = dataset.retention
    for stage, days in (("inbound", kept.inbound), ("warehouse", kept.warehouse), ("quarantine", kept.quarantine)):
        if days is None:
            continue
        if not FEWEST_DAYS <= days <= MOST_DAYS:
            raise DeclarationError(f"retention keeps {stage} for {days} days, expected {FEWEST_DAYS} to {MOST_DAYS}")
        if stage != "quarantine" and timedelta(days=days) <= dataset.freshness:
            hours = dataset.freshness / timedelta(hours=1)
            raise DeclarationError(
                f"retention keeps {stage} for {days} days, but the dataset is late only after {hours:g} hours, so "
                "the newest objects could expire before the next arrive; keep them longer"
            )
    if not 0 <= kept.time_travel <= MOST_TIME_TRAVEL:
        raise DeclarationError(
            f"retention keeps old snapshots of the published tables for {kept.time_travel} days, expected 0 to "
            f"{MOST_TIME_TRAVEL}"
        )
    _check_stages(dataset)


def _check_stages(dataset: Dataset) -> None:
    kept = dataset.retention
    inbound, warehouse, quarantine = kept.inbound, kept.warehouse, kept.quarantine
    if inbound is not None and quarantine is not None and quarantine > inbound:
        raise DeclarationError(
            f"retention keeps quarantine for {quarantine} days, longer than inbound ({inbound}), but refused "
            f"rows hold the original text and cannot be released without their object; keep them for {inbound} "
            "days or fewer"
        )
    if inbound is not None and isinstance(dataset.source, SqlSource) and dataset.source.mode == "snapshot":
        raise DeclarationError(
            "retention expires inbound, but each snapshot is compared with the last one, which could expire "
            "while the server is stopped, so deleted rows would never be found; leave inbound out"
        )
    if warehouse is None:
        return
    if isinstance(dataset.source, SqlSource) and dataset.source.mode != "full":
        raise DeclarationError(
            f"retention expires warehouse, but a row of a table in mode {dataset.source.mode!r} arrives again "
            "only if it changes, so unchanged rows would leave the published table; leave warehouse out, or "
            "use mode 'full'"
        )
    if inbound is None or warehouse < inbound + HISTORY_OUTLIVES:
        instead = "limit inbound too" if inbound is None else f"declare {inbound + HISTORY_OUTLIVES} or more"
        raise DeclarationError(
            f"retention keeps warehouse for {warehouse} days and inbound {_in_words(inbound)}, so an object "
            f"without its history file would be processed again; {instead}"
        )


def _in_words(days: int | None) -> str:
    return "forever" if days is None else f"for {days}"
