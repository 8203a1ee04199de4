"""The bucket's lifecycle: what expires, and when."""

from collections.abc import Iterable
from typing import Any, Final

from dataplatform.errors import ProgramError
from lake.keys import ATHENA
from processing.declaring.dataset import Dataset

QUERY_RESULT_DAYS: Final = 30
# docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
MOST_RULES: Final = 1000
"""Rules that S3 takes for a bucket."""


def lifecycle_rules(noncurrent_days: int, datasets: Iterable[Dataset]) -> list[dict[str, Any]]:
    """The rules of the lake's bucket, those of the datasets last.

    Args:
        noncurrent_days: how long overwritten, deleted and expired objects can be restored.
        datasets: whose retention becomes a rule for each prefix that expires.

    Raises:
        ProgramError: S3 would not take as many rules.
    """
    rules = [
        _rule("abort-incomplete-uploads", "", abort_incomplete_multipart_upload={"days_after_initiation": 7}),
        _rule("expire-noncurrent-versions", "", noncurrent_version_expiration={"noncurrent_days": noncurrent_days}),
        _rule("expire-query-results", f"{ATHENA}/", expiration={"days": QUERY_RESULT_DAYS}),
    ]
    for dataset in datasets:
        for prefix, days in dataset.days_by_prefix.items():
            rules.append(_rule(f"expire-{prefix.strip('/').replace('/', '-')}", prefix, expiration={"days": days}))
    if len(rules) > MOST_RULES:
        raise ProgramError(
            f"the bucket's lifecycle would have {len(rules):,} rules, S3 takes {MOST_RULES:,}: each dataset with a "
            "retention has a rule for each prefix that expires; declare a retention for fewer datasets, or for fewer "
            "of their prefixes"
        )
    return rules


def _rule(identifier: str, prefix: str, **actions: dict[str, int]) -> dict[str, Any]:
    return {"id": identifier, "status": "Enabled", "filter": {"prefix": prefix}, **actions}
