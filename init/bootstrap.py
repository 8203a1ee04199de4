"""Prepares an account: yields every change that it still needs, in an order in which each finds its prerequisites."""

from typing import Any

import boto3

from init.account_wide import changes_of_account
from init.buckets import changes_of_buckets
from init.change import Changes
from init.identity import changes_of_identity
from init.keys import changes_of_keys, find_key
from init.names import Names


def changes_of_bootstrap(session: boto3.Session, names: Names) -> Changes:
    """Yield the changes that the account still needs. An interrupted run can be repeated.

    Raises:
        BootstrapError: The account cannot be prepared with these names.
    """
    kms: Any = session.client("kms", region_name=names.region)
    yield from changes_of_keys(kms, names)
    yield from changes_of_buckets(
        session.client("s3", region_name=names.region), names, lambda: find_key(kms, names.state_alias)
    )
    yield from changes_of_identity(session.client("iam"), names, lambda alias: find_key(kms, alias))
    yield from changes_of_account(session, names)
