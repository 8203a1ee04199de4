"""Accepted settings of a stack, and the messages for wrong ones."""

from typing import Any

import pytest

from dataplatform.settings.reader import SettingsError, parse_settings

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPLACEHOLDER"


def values(**changes: Any) -> dict[str, Any]:
    """Return complete settings with some changes."""
    return {"teams": ["accounts"], "connections": connection(), "events": events()} | changes


def refusal(stack: str = "dev", **changes: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        parse_settings(values(**changes), stack)
    return str(caught.value)


def test_complete_settings_are_read_with_their_defaults() -> None:
    # when settings contain only the values without a default
    settings = parse_settings(values(), "dev")

    # then all other values are safe
    assert settings.protect_data
    assert settings.connections["carrier"].port == 22
    assert not settings.local.trust_account


def test_unknown_setting_names_the_file_and_a_similar_setting() -> None:
    message = refusal(timezone="Europe/London")
    assert "Pulumi.dev.yaml" in message
    assert "data-platform:timezone: unknown setting; did you mean timeZone?" in message


def test_unknown_setting_of_a_connection_is_refused_with_place() -> None:
    connection = {"host": "h", "user": "u", "hostKeys": [HOST_KEY], "password": "secret"}
    message = refusal(connections={"carrier": connection})
    assert "data-platform:connections.carrier.password: unknown setting" in message
    assert "secret" not in message


def test_a_missing_setting_is_refused_with_its_name() -> None:
    with pytest.raises(SettingsError, match="data-platform:teams: missing"):
        parse_settings({"connections": {}}, "dev")


def test_a_wrong_value_is_refused_with_what_was_expected() -> None:
    message = refusal(logRetentionDays=31)
    assert "data-platform:logRetentionDays" in message
    assert "30" in message
    assert "got 31" in message


def test_a_team_whose_name_cannot_be_a_prefix_is_refused() -> None:
    assert "data-platform:teams.0" in refusal(teams=["Finance/../hr"])


def test_a_time_zone_that_does_not_exist_is_refused() -> None:
    assert "not a valid IANA time zone" in refusal(timeZone="Europe/Atlantis")


def test_a_host_key_of_another_form_is_refused() -> None:
    connection = {"host": "h", "user": "u", "hostKeys": ["SHA256:abcdef"]}
    assert "data-platform:connections.carrier.hostKeys.0" in refusal(connections={"carrier": connection})


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_connection_without_pinned_host_key_is_refused_on_aws(stack: str) -> None:
    connection = {"host": "sftp.example.com", "user": "u", "hostKeys": []}
    message = refusal(stack, connections={"carrier": connection})
    assert "connections.carrier.hostKeys" in message
    assert "ssh-keyscan sftp.example.com" in message


@pytest.mark.parametrize("stack", ["dev", "prod"])
@pytest.mark.parametrize("exception", ["trustAccount", "plainHttp", "hostPackages"])
def test_the_emulators_exceptions_are_refused_on_aws(stack: str, exception: str) -> None:
    assert "data-platform:local" in refusal(stack, local={exception: True})


def test_the_local_stack_takes_the_emulators_exceptions() -> None:
    settings = parse_settings(values(local={"trustAccount": True, "plainHttp": True}), "local")
    assert settings.local.trust_account


# --- what AWS refuses -------------------------------------------------------------------------------------------------

EXISTING = {"vpcId": "vpc-0a1b2c3d", "publicSubnetIds": ["subnet-0a1b2c3d"], "privateSubnetIds": ["subnet-1a1b2c3d"]}
SERVER = {"host": "sql.example.com", "database": "society", "user": "extractor"}
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def connection(**changes: Any) -> dict[str, Any]:
    return {"carrier": {"host": "sftp.example.com", "user": "platform", "hostKeys": [HOST_KEY]} | changes}


def database(**changes: Any) -> dict[str, Any]:
    return {"office": SERVER | {"passwordParameter": "/example/password", "certificate": CERTIFICATE} | changes}


def events(**changes: Any) -> dict[str, Any]:
    return {"providers": {"scanner": {}}} | changes


MAILED = {"emails": ["finance@example.org"]}
SLACK = {"urlParameter": "/a", "format": "slack"}


def route(**route_of_finance: Any) -> dict[str, Any]:
    return {"routes": {"finance": route_of_finance}}


REFUSED_BY_AWS = {
    # Lambda: a batch above 10 needs a window; SQS allows batches of 10,000 and windows of 300 seconds.
    "events.batchWindowSeconds": [
        ({"events": events(batchWindowSeconds=0)}, "expected 1 to 300"),
        ({"events": events(batchSize=11, batchWindowSeconds=0)}, "expected 1 to 300"),
        ({"events": events(batchWindowSeconds=301)}, "less than or equal to 300"),
    ],
    "events.batchSize": [({"events": events(batchSize=10_001)}, "less than or equal to 10000")],
    "events.batcherMaximumConcurrency": [({"events": events(batcherMaximumConcurrency=1)}, "equal to 2")],
    # API Gateway uses 32-bit numbers.
    "events.providers.scanner.requestsPerDay": [
        ({"events": events(providers={"scanner": {"requestsPerDay": 2**31}})}, "less than or equal to 2147483647")
    ],
    # WAF needs a limit of at least 10 requests.
    "events.firewall.requestsOfAnAddress": [
        ({"events": events(firewall={"requestsOfAnAddress": 9})}, "greater than or equal to 10")
    ],
    "events.keylessRequestsPerSecond": [({"events": events(keylessRequestsPerSecond=0)}, "greater than or equal to 1")],
    # SSM: at most 15 levels, none of them empty, and 4,096 characters.
    "events.callbacks.scales.secretParameter": [
        ({"events": events(callbacks={"scales": {"secretParameter": name}})}, "should match pattern")
        for name in ("secret", "/a//b", "/a/", "/a b", "/a" * 16)
    ],
    "databases.office.passwordParameter": [
        ({"databases": database(passwordParameter="/a//b")}, "should match pattern")
    ],
    "databases.office.certificate": [
        ({"databases": database(certificate=CERTIFICATE * 80)}, "at most 4096 characters")
    ],
    "connections.carrier.hostKeys": [
        ({"connections": connection(hostKeys=[f"ssh-rsa {'A' * 700}{n}" for n in range(5)])}, "at most 3196 fit"),
        ({"connections": connection(hostKeys=[HOST_KEY, f"{HOST_KEY} again"])}, "listed twice"),
    ],
    "connections.carrier.host": [({"connections": connection(host="h" * 254)}, "at most 253 characters")],
    "connections.carrier.clientKeys": [
        ({"connections": connection(clientKeys=["first", "first"])}, "listed twice: first"),
        ({"connections": connection(clientKeys=list("abcdef"))}, "at most 5 items"),
    ],
    # IAM: a role's name has at most 64 characters.
    "teams.0": [({"teams": ["t" * 31]}, "at most 30 characters")],
    "teams": [({"teams": ["accounts", "accounts"]}, "listed twice: accounts")],
    # IAM: the policies of the analysts' role have at most 10,240 characters.
    "analysts.datasets": [
        ({"analysts": {"datasets": ["vehicles", "vehicles"]}}, "listed twice: vehicles"),
        ({"analysts": {"datasets": [f"d{number}" for number in range(21)]}}, "at most 20 items"),
        ({"analysts": {"datasets": [f"{letter:a<61}" for letter in "bcdefghijk"]}}, "the names have 610 characters"),
    ],
    # SNS: an address.
    "alarmEmails.0": [
        ({"alarmEmails": [address]}, "not a valid mail address")
        for address in ("", "data-team", "data-team@example", "data team@example.org", "a@b@example.org", "a@.org")
    ],
    "alarmEmails": [({"alarmEmails": ["a@example.org", "a@example.org"]}, "listed twice: a@example.org")],
    "alarms.routes.finance.emails.0": [({"alarms": route(emails=["finance"])}, "not a valid mail address")],
    "alarms.routes.finance": [({"alarms": route()}, "the route notifies nobody")],
    "alarms.routes.finance.webhooks.0.urlParameter": [
        ({"alarms": route(webhooks=[{"urlParameter": "https://hooks.example/secret"}])}, "should match pattern")
    ],
    "alarms.routes.finance.webhooks.0.format": [
        ({"alarms": route(webhooks=[{"urlParameter": "/a", "format": "mail"}])}, "'json', 'slack' or 'teams'")
    ],
    "alarms.routes.finance.webhooks.0.url": [
        ({"alarms": route(webhooks=[{"url": "https://hooks.example/secret"}])}, "expected one of format, urlParameter")
    ],
    "alarms.webhooks.0.colour": [({"alarms": {"webhooks": [{"colour": "red"}]}}, "expected one of format, urlP")],
    # SNS: a name for each topic. Lambda: 4 KB of environment variables. A webhook accepts one form of body.
    "alarms": [
        ({"alarms": {"routes": {"Ada L.": MAILED, "ada-l": MAILED}}}, "listed twice: ada-l"),
        ({"alarms": {"webhooks": [{"urlParameter": f"/{n}{'a' * 900}"} for n in range(4)]}}, "take 4,208 bytes"),
        (
            {"alarms": {"webhooks": [{"urlParameter": "/a"}], **route(webhooks=[SLACK])}},
            "/a has two formats; choose one",
        ),
    ],
    # EC2: private ranges without host bits, /16 at most; no duplicate rules or subnets.
    "network.cidr": [
        ({"network": {"cidr": cidr}}, expected)
        for cidr, expected in (
            ("10.40.0.0/15", "/16 to /22"),
            ("10.40.0.0/23", "/16 to /22"),
            ("10.40.0.1/16", "has host bits set"),
            ("8.8.0.0/16", "not a private IPv4 range"),
            ("127.0.0.0/16", "not a private IPv4 range"),
            ("169.254.0.0/16", "not a private IPv4 range"),
            ("240.0.0.0/16", "not a private IPv4 range"),
            ("fd00::/16", "not a private IPv4 range"),
        )
    ],
    "network.vpcId": [({"network": EXISTING | {"vpcId": "vpc-1"}}, "should match pattern")],
    "network.publicSubnetIds.0": [({"network": EXISTING | {"publicSubnetIds": ["public"]}}, "should match pattern")],
    "network.privateSubnetIds": [
        ({"network": EXISTING | {"privateSubnetIds": ["subnet-0a1b2c3d"] * 2}}, "listed twice"),
        ({"network": EXISTING | {"privateSubnetIds": [f"subnet-{n:08x}" for n in range(17)]}}, "at most 16 items"),
    ],
    "sources.allowedCidrs": [
        ({"sources": {"allowedCidrs": ["203.0.113.0/24", "203.0.113.0/24"]}}, "listed twice"),
        ({"sources": {"allowedCidrs": [f"203.0.113.{n}/32" for n in range(51)]}}, "at most 50 items"),
    ],
    # CloudWatch Logs, Glue, Lambda: the values that each accepts.
    "logRetentionDays": [({"logRetentionDays": 10}, "Input should be 1, 3, 5, 7, 14, 30")],
    "jobs.workerType": [({"jobs": {"workerType": "Standard"}}, "'G.1X' or 'G.2X'")],
    "jobs.numberOfWorkers": [({"jobs": {"numberOfWorkers": 1}}, "greater than or equal to 2")],
    "jobs.batchSize": [({"jobs": {"batchSize": 101}}, "less than or equal to 100")],
    "jobs.batchWindowSeconds": [({"jobs": {"batchWindowSeconds": 901}}, "less than or equal to 900")],
    "functionArchitecture": [({"functionArchitecture": "x86-64"}, "'arm64' or 'x86_64'")],
    "teamSessionHours": [({"teamSessionHours": 13}, "less than or equal to 12")],
}


@pytest.mark.parametrize(
    ("key", "changes", "expected"),
    [(key, changes, expected) for key, cases in REFUSED_BY_AWS.items() for changes, expected in cases],
)
def test_a_value_that_aws_refuses_is_refused_by_its_key(key: str, changes: dict[str, Any], expected: str) -> None:
    message = refusal(**changes)
    assert "Pulumi.dev.yaml is invalid" in message
    assert f"data-platform:{key}: " in message
    assert expected in message


@pytest.mark.parametrize(
    "changes",
    [
        {"events": events(batchSize=10, batchWindowSeconds=0)},
        {"events": events(batchSize=10_000, batchWindowSeconds=1)},
        {"events": events(callbacks={"scales": {"secretParameter": "/Example/prod.eu/pay-ments_1"}})},
        {"databases": database()},
        {"connections": connection(hostKeys=[f"ssh-rsa {'A' * 716}", HOST_KEY])},
        {"teams": ["t" * 30]},
        {"analysts": {"datasets": [f"{number:d<30}" for number in "abcdefghijklmnopqrst"]}},
        {"alarmEmails": ["data.team+alarms@mail.example.org", "b@example.org"]},
        {"alarms": {"webhooks": [SLACK], "routes": {"finance": {"webhooks": [SLACK]}, "Łódź": MAILED, "数据": MAILED}}},
        {"network": {"cidr": "172.31.0.0/22"}},
        {"network": {"cidr": "192.168.0.0/16"}},
        {"network": EXISTING},
        {"sources": {"allowedCidrs": ["203.0.113.0/24", "198.51.100.7/32"]}},
    ],
)
def test_a_value_that_aws_accepts_is_accepted(changes: dict[str, Any]) -> None:
    assert parse_settings(values(**changes), "dev") is not None


def test_a_team_cannot_have_the_name_of_the_analysts() -> None:
    message = refusal(teams=["finance", "analysts"])
    assert "data-platform:teams.1: the analysts have this name; choose another" in message
