"""The model of a stack's settings. `reader` reads it."""

import zoneinfo
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from dataplatform.settings.alarms import AlarmSettings
from dataplatform.settings.base import MailAddress, Name, SettingsModel, check_distinct
from dataplatform.settings.events import EventSettings
from dataplatform.settings.sources import (
    ConnectionSettings,
    DatabaseSettings,
    NetworkSettings,
    SourceSettings,
)
from lake.keys import ANALYSTS, check_name

# Retention periods that CloudWatch Logs accepts.
RetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]
# A role's name has at most 64 characters. A team's is data-platform-STACK-TEAM-role- and seven digits.
TEAM_CHARACTERS: Final = 30
# The policies of the analysts' role hold 10,240 characters, with up to four names for each dataset.
MOST_ANALYST_DATASETS: Final = 20
MOST_ANALYST_CHARACTERS: Final = 600


def _team(value: str) -> str:
    if value == ANALYSTS:
        raise ValueError("the analysts have this name; choose another")
    return check_name(value)


def _fitting(values: tuple[str, ...]) -> tuple[str, ...]:
    if (characters := sum(map(len, values))) > MOST_ANALYST_CHARACTERS:
        raise ValueError(
            f"the names have {characters} characters, but the role's policies hold {MOST_ANALYST_CHARACTERS}; "
            "name fewer datasets"
        )
    return values


Team = Annotated[str, Field(max_length=TEAM_CHARACTERS), AfterValidator(_team)]


def _time_zone(value: str) -> str:
    if value not in zoneinfo.available_timezones():
        raise ValueError("not a valid IANA time zone, such as Europe/London")
    return value


class JobSettings(SettingsModel):
    """Size of the Glue jobs, and when landed objects start them."""

    worker_type: Annotated[Literal["G.1X", "G.2X"], Field(description="Glue worker type.")] = "G.1X"
    number_of_workers: Annotated[
        int,
        Field(ge=2, le=100, description="Most Glue workers per run. Glue adds workers while Spark has tasks for them."),
    ] = 2
    timeout_minutes: Annotated[int, Field(ge=1, le=2880, description="Minutes after which Glue stops a run.")] = 60
    spread_objects: Annotated[
        int | None,
        Field(ge=1, description="Number of objects above which a run distributes them over Spark's executors."),
    ] = None
    spread_megabytes: Annotated[
        int | None,
        Field(ge=1, description="Megabytes above which a run distributes its objects over Spark's executors."),
    ] = None
    spark_merge_above_gigabytes: Annotated[
        int | None,
        Field(
            ge=1,
            description="Size of the tables and the new files above which a merge runs on Spark. `null`: never.",
        ),
    ] = 20
    spark_report_above_gigabytes: Annotated[
        int | None,
        Field(
            ge=1,
            description="Size of the columns that a report reads above which it runs on Spark. `null`: never.",
        ),
    ] = 1
    batch_size: Annotated[
        int, Field(ge=1, le=100, description="Number of landed objects that starts the workflow immediately.")
    ] = 50
    batch_window_seconds: Annotated[
        int, Field(ge=1, le=900, description="Seconds after which a smaller number of landed objects starts it.")
    ] = 300


class IdentityProviderSettings(SettingsModel):
    """The identity provider with which team members and analysts sign in."""

    arn: Annotated[
        str,
        Field(
            pattern=r"^arn:aws:iam::\d{12}:(saml|oidc)-provider/\S+$",
            description="ARN of the IAM identity provider. It sets each member's team as the session tag `team`.",
        ),
    ]
    audience: Annotated[
        str | None,
        Field(min_length=1, description="Client id that the provider's tokens are for. OpenID Connect only."),
    ] = None

    @model_validator(mode="after")
    def _has_an_audience_where_it_needs_one(self) -> Self:
        if (":oidc-provider/" in self.arn) != (self.audience is not None):
            raise ValueError(
                "audience does not fit the provider; give it for OpenID Connect, and leave it out for SAML"
            )
        return self


class AnalystSettings(SettingsModel):
    """What analysts may read."""

    datasets: Annotated[
        tuple[Name, ...],
        AfterValidator(check_distinct),
        AfterValidator(_fitting),
        Field(
            max_length=MOST_ANALYST_DATASETS,
            description="Datasets whose published tables analysts may read and query. If the list is empty, the "
            "analysts' role does not exist. The program refuses a dataset that has personal or sensitive columns, or "
            "that keeps undeclared columns.",
        ),
    ] = ()


class LocalSettings(SettingsModel):
    """Exceptions for the emulator. docs/local.md gives the reason for each."""

    trust_account: Annotated[
        bool,
        Field(description="Let the account itself assume job and team roles, because the local runner has no Glue."),
    ] = False
    plain_http: Annotated[
        bool, Field(description="Do not deny plain HTTP, because the emulator does not have TLS.")
    ] = False
    host_packages: Annotated[
        bool,
        Field(
            description="Leave packages out of the functions' layer and the jobs' wheels, because the machine has them."
        ),
    ] = False
    batch_actions: Annotated[
        bool,
        Field(
            description="Allow `sqs:SendMessageBatch` by name, because the emulator does not treat it as `SendMessage`."
        ),
    ] = False
    any_metric_namespace: Annotated[
        bool,
        Field(
            description="Let the jobs publish metrics without a condition on the namespace, because the emulator does "
            "not support this condition."
        ),
    ] = False
    skip_images: Annotated[
        bool,
        Field(description="Do not build and push container images, because the emulator does not run containers."),
    ] = False


class Settings(SettingsModel):
    """All settings of a stack."""

    teams: Annotated[
        tuple[Team, ...],
        AfterValidator(check_distinct),
        Field(
            min_length=1,
            description=f"Teams that read reports. A name has at most {TEAM_CHARACTERS} characters. Each team gets a "
            "role, a mart database and the prefix `mart/{team}/reports/`. Every report's team has to be in this list.",
        ),
    ]
    team_session_hours: Annotated[
        int,
        Field(
            ge=1,
            le=12,
            description="Longest session of a team's role, in hours. If a member's own principal is a role, such as "
            "one of IAM Identity Center, AWS allows at most one hour (role chaining).",
        ),
    ] = 1
    team_identity_provider: Annotated[
        IdentityProviderSettings | None,
        Field(
            description="How team members and analysts sign in. Without this setting, they sign in as principals of "
            "the account with the tag `team` or `analyst`."
        ),
    ] = None
    team_keys: Annotated[
        bool,
        Field(
            description="Give each team a KMS key of its own for its reports and query results. After a change of this "
            "setting, a team cannot read its reports until the workflow has computed them again."
        ),
    ] = False
    analysts: Annotated[
        AnalystSettings,
        Field(
            description="What the [analysts](components/analyst-access.md) may read. They sign in like team members."
        ),
    ] = AnalystSettings()
    time_zone: Annotated[str, AfterValidator(_time_zone), Field(description="IANA time zone of every schedule.")] = (
        "Europe/London"
    )
    connections: Annotated[
        dict[Name, ConnectionSettings], Field(description="SFTP servers, by the name that the datasets use.")
    ]
    databases: Annotated[
        Mapping[Name, DatabaseSettings],
        Field(
            description="SQL Servers, by the name that the datasets use. Set both `passwordParameter` and "
            "`certificate`, or neither."
        ),
    ] = Field(default_factory=dict)
    network: Annotated[
        NetworkSettings,
        Field(description="The [network](components/network.md): one that the program creates, or an existing one."),
    ] = NetworkSettings()
    sources: Annotated[
        SourceSettings,
        Field(description="The [demo servers](components/source-server.md). `prod` does not have any by default."),
    ] = SourceSettings()
    demo: Annotated[
        bool,
        Field(description="True if this stack is a demo without real data. Its servers may then be open to everybody."),
    ] = False
    log_retention_days: Annotated[RetentionDays, Field(description="Days for which logs are kept.")] = 30
    noncurrent_version_days: Annotated[
        int,
        Field(
            ge=1, le=3650, description="Days for which overwritten, deleted and expired objects can still be restored."
        ),
    ] = 90
    query_scan_limit_gigabytes: Annotated[
        int,
        Field(ge=1, le=10_000, description="Gigabytes that one query may read. Athena stops a query that reads more."),
    ] = 10
    audit_trail: Annotated[
        bool,
        Field(
            description="Let CloudTrail [record](components/audit.md) each access to the bucket, with an alarm on "
            "refusals in the marts. The records are kept as long as logs. AWS charges for each record."
        ),
    ] = False
    protect_data: Annotated[
        bool,
        Field(
            description="Protect bucket, key and tables, and keep them when the stack is destroyed. Refuse to delete "
            "images and query history."
        ),
    ] = True
    alarm_emails: Annotated[
        tuple[MailAddress, ...],
        AfterValidator(check_distinct),
        Field(
            description="Mail addresses for all alarms except those of datasets whose owner has a route in "
            "`alarms.routes`. Each address has to confirm AWS's first mail."
        ),
    ] = ()
    alarms: Annotated[
        AlarmSettings, Field(description="When the [alarms](components/monitoring.md) fire, and who is notified.")
    ] = AlarmSettings()
    permissions_boundary: Annotated[
        str | None,
        Field(
            pattern=r"^[\w+=,.@-]{1,128}$",
            description="Name of the IAM policy that limits every role of the stack. The "
            "[bootstrap](bootstrap.md) creates it. CI cannot create a role without it.",
        ),
    ] = None
    function_architecture: Annotated[
        Literal["arm64", "x86_64"], Field(description="Processor architecture of the Lambda functions.")
    ] = "arm64"
    events: Annotated[EventSettings, Field(description="The [stream](components/stream-ingest.md) of posted events.")]
    jobs: Annotated[JobSettings, Field(description="Size of the Glue jobs, and when landed objects start them.")] = (
        JobSettings()
    )
    local: Annotated[
        LocalSettings,
        Field(
            description="[Exceptions for the emulator](local.md#the-exceptions). Only the stack `local` may set them."
        ),
    ] = LocalSettings()

    @property
    def runs_servers(self) -> bool:
        """True if the stack has source servers of its own, which need names in the network."""
        return any(each.demo_server for each in (*self.connections.values(), *self.databases.values()))

    @property
    def private_services(self) -> tuple[str, ...]:
        """AWS services that the collector calls from the network, in addition to S3 and DynamoDB."""
        return ("ssm",) if self.collects_in_network else ()

    @property
    def collects_in_network(self) -> bool:
        """True if the collector runs in the network: a connection requires it, or a demo server runs there."""
        served = self.sources.desired_count > 0
        return any(each.in_vpc or (each.demo_server and served) for each in self.connections.values())
