"""Policy documents list single actions."""

import pytest

from dataplatform.aws.policies import allow, allow_principal


def test_a_wildcard_action_cannot_be_allowed() -> None:
    with pytest.raises(ValueError, match=r"statement Everything: s3:\* stands for many actions"):
        allow("Everything", ["s3:*"], ["arn:aws:s3:::bucket"])


def test_a_wildcard_action_cannot_be_allowed_to_a_principal() -> None:
    with pytest.raises(ValueError, match=r"sns:Pub\*"):
        allow_principal("Publish", {"Service": "events.amazonaws.com"}, ["sns:Pub*"], ["topic"])


def test_a_statement_without_resources_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"statement LandFiles does not name resources; name them, or leave the statement out"
    ):
        allow("LandFiles", ["s3:PutObject"], [])


def test_a_statement_holds_its_parts() -> None:
    statement = allow("Read", ["s3:GetObject"], ["a"], {"Bool": {"x": "true"}})
    assert statement == {
        "Sid": "Read",
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": ["a"],
        "Condition": {"Bool": {"x": "true"}},
    }
