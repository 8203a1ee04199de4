"""The bucket's lifecycle: what expires, and when."""

from collections.abc import Iterable
from typing import Final

import pulumi_aws as aws

from dataplatform.errors import ProgramError
from lake.keys import ATHENA, TABLES
from processing.declaring.dataset import Dataset

Rule = aws.s3.BucketLifecycleConfigurationRuleArgsDict

QUERY_RESULT_DAYS: Final = 30
# docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
TABLES_NONCURRENT_DAYS: Final = 1
"""A merge replaces files of a published table, and a rebuild writes all of them again from history.

Of two rules on one object S3 keeps to the earlier expiry: the same page, "Conflicting lifecycle rules".
"""
MOST_RULES: Final = 1000
"""Rules that S3 takes for a bucket."""


def lifecycle_rules(noncurrent_days: int, datasets: Iterable[Dataset]) -> list[Rule]:
    """The rules of the lake's bucket, those of the datasets last.

    Args:
        noncurrent_days: how long overwritten, deleted and expired objects can be restored, but for those of published
            tables.
        datasets: whose retention becomes a rule for each prefix that expires.

    Raises:
        ProgramError: S3 would not take as many rules.
    """
    rules: list[Rule] = [
        {**_rule("abort-incomplete-uploads", ""), "abort_incomplete_multipart_upload": {"days_after_initiation": 7}},
        {
            **_rule("expire-noncurrent-versions", ""),
            "noncurrent_version_expiration": {"noncurrent_days": noncurrent_days},
        },
        {
            **_rule("expire-noncurrent-versions-of-tables", f"{TABLES}/"),
            "noncurrent_version_expiration": {"noncurrent_days": TABLES_NONCURRENT_DAYS},
            "expiration": {"expired_object_delete_marker": True},
        },
        _expiring("query-results", f"{ATHENA}/", QUERY_RESULT_DAYS),
        *(
            _expiring(prefix.strip("/").replace("/", "-"), prefix, days)
            for dataset in datasets
            for prefix, days in dataset.days_by_prefix.items()
        ),
    ]
    if len(rules) > MOST_RULES:
        raise ProgramError(
            f"the bucket's lifecycle would have {len(rules):,} rules, but S3 accepts {MOST_RULES:,}, and each "
            "dataset with a retention has a rule for each prefix that expires; declare a retention for fewer "
            "datasets, or for fewer of their prefixes"
        )
    return rules


def _expiring(what: str, prefix: str, days: int) -> Rule:
    return {**_rule(f"expire-{what}", prefix), "expiration": {"days": days}}


def _rule(identifier: str, prefix: str) -> Rule:
    return {"id": identifier, "status": "Enabled", "filter": {"prefix": prefix}}
