"""A retention that contradicts itself or its dataset is refused."""

import pytest

from processing.registry.dataset_checks import find_datasets
from processing.registry.declaration_file import DeclarationError
from tests.support.declarations import DATASET, write_package

HOUR = "timedelta(hours=1)"
TABLE = 'SqlSource("office", "club", "visits", mode="{}", schedule="rate(1 day)"{})'


@pytest.fixture
def declared(tmp_path, monkeypatch):
    """A dataset with a retention, and another source if one is given."""

    def declare(retention, source=None, freshness=HOUR):
        text = DATASET.format(name="visits").replace("import Dataset, SftpSource", "import *")
        text = f"from processing.declaring.retention import Retention\n{text}"
        text = text.replace(HOUR, f"{freshness}, retention=Retention({retention})")
        text = text.replace('SftpSource("carrier", "outgoing", "*.csv", schedule="rate(1 day)")', source or "SAME")
        text = text.replace("SAME", 'SftpSource("carrier", "outgoing", "*.csv", schedule="rate(1 day)")')
        return find_datasets(*write_package(tmp_path, monkeypatch, visits=text))["visits"]

    return declare


@pytest.mark.parametrize(
    ("retention", "days"),
    [
        ("", {}),
        ("inbound=90", {"inbound": 90, "quarantine": 90}),
        ("inbound=90, quarantine=30", {"inbound": 90, "quarantine": 30}),
        ("quarantine=30", {"quarantine": 30}),
        ("inbound=90, warehouse=97", {"inbound": 90, "warehouse": 97, "quarantine": 90}),
    ],
)
def test_one_declaration_gives_the_days_of_every_prefix(declared, retention, days):
    assert declared(retention).days_by_prefix == {f"{stage}/visits/": number for stage, number in days.items()}


@pytest.mark.parametrize(
    ("retention", "source", "freshness", "message"),
    [
        ("inbound=6", None, HOUR, r"keeps inbound for 6 days, expected 7 to 36500"),
        ("quarantine=0", None, HOUR, r"keeps quarantine for 0 days, expected 7 to"),
        ("time_travel=366", None, HOUR, r"keeps old snapshots of the published tables for 366 days, expected 0 to 365"),
        ("inbound='90'", None, HOUR, r"\.inbound is '90', expected int or None"),
        ("inbound=30", None, "timedelta(days=30)", r"is late only after 720 hours, so the newest objects could"),
        ("inbound=30, quarantine=31", None, HOUR, r"quarantine for 31 days, longer than inbound \(30\)"),
        ("inbound=90, warehouse=96", None, HOUR, r"processed again; declare 97 or more"),
        ("warehouse=90", None, HOUR, r"and inbound forever, .* processed again; limit inbound too"),
        (
            "inbound=90, warehouse=400",
            TABLE.format("incremental", ', watermark="number"'),
            HOUR,
            "'incremental' arrives",
        ),
        ("warehouse=400", TABLE.format("snapshot", ""), HOUR, "mode 'snapshot' arrives again"),
        ("inbound=90", TABLE.format("snapshot", ""), HOUR, "each snapshot is compared with the last one"),
    ],
)
def test_a_contradiction_is_refused_in_one_line(declared, retention, source, freshness, message):
    with pytest.raises(DeclarationError, match=rf"^\w+/visits\.py: retention.*{message}") as refusal:
        declared(retention, source, freshness)
    assert "\n" not in str(refusal.value)


def test_rows_of_a_table_that_is_read_whole_may_expire(declared):
    full = declared("inbound=90, warehouse=400", TABLE.format("full", ""))
    assert full.days_by_prefix["warehouse/visits/"] == 400
