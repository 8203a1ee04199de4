"""The bucket's lifecycle follows from the datasets' declarations."""

import dataclasses
import re

import pytest

from dataplatform.errors import ProgramError
from dataplatform.storage.lifecycle import MOST_RULES, lifecycle_rules
from datasets import DATASETS
from processing.declaring.retention import Retention

PARCELS = DATASETS["parcels"]
PLATFORMS = len(lifecycle_rules(90, []))
"""Rules that no dataset declares."""


def test_each_prefix_that_expires_has_a_rule():
    rules = lifecycle_rules(90, DATASETS.values())
    declared = {prefix: days for dataset in DATASETS.values() for prefix, days in dataset.days_by_prefix.items()}
    assert declared
    assert {rule["filter"]["prefix"]: rule["expiration"]["days"] for rule in rules[PLATFORMS:]} == declared
    assert len({rule["id"] for rule in rules}) == len(rules)


def test_old_versions_of_table_files_stay_one_day():
    # given a dataset whose objects of every stage expire
    kept = dataclasses.replace(PARCELS, retention=Retention(inbound=90, warehouse=400, quarantine=90))
    rules = lifecycle_rules(90, [kept])

    # then old versions of table files are deleted after a day, and no rule expires a file that a table has
    [tables] = [rule for rule in rules if rule["filter"]["prefix"].startswith("tables")]
    assert tables["filter"] == {"prefix": "tables/"}
    assert tables["noncurrent_version_expiration"] == {"noncurrent_days": 1}
    assert tables["expiration"] == {"expired_object_delete_marker": True}
    for_all = [rule for rule in rules if not rule["filter"]["prefix"]]
    assert for_all
    assert all("expiration" not in rule for rule in for_all)


@pytest.mark.parametrize("name", DATASETS)
def test_a_prefix_of_one_dataset_has_no_objects_of_another(name):
    prefixes = {prefix for other in DATASETS if other != name for prefix in DATASETS[other].days_by_prefix}
    assert not [prefix for prefix in prefixes if f"inbound/{name}/x".startswith(prefix)]


def test_a_dataset_without_a_retention_adds_no_rule():
    assert len(lifecycle_rules(90, [PARCELS])) == PLATFORMS


def test_rules_that_s3_would_not_take_are_refused_with_their_number():
    # given datasets with three rules each, one more than fit
    kept = Retention(inbound=90, warehouse=400)
    fitting = (MOST_RULES - PLATFORMS) // 3
    many = [dataclasses.replace(PARCELS, name=f"parcels_{number}", retention=kept) for number in range(fitting + 1)]

    # then
    assert len(lifecycle_rules(90, many[:-1])) <= MOST_RULES
    words = re.escape(
        f"would have {PLATFORMS + 3 * len(many):,} rules, but S3 accepts 1,000, and each dataset with a retention"
    )
    with pytest.raises(ProgramError, match=words):
        lifecycle_rules(90, many)
