"""The stack's settings: one model. `settings_reader` reads it."""

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

# What CloudWatch Logs accepts as retention, in days.
RetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]
# IAM takes 64 characters for a role's name, and a team's is data-platform-STACK-TEAM-role- and seven digits.
TEAM_CHARACTERS: Final = 30
# What the policies of the analysts' role can name: 10,240 characters, with up to four names for each dataset.
MOST_ANALYST_DATASETS: Final = 20
MOST_ANALYST_CHARACTERS: Final = 600


def _team(value: str) -> str:
    if value == ANALYSTS:
        raise ValueError("the analysts' name, who have a role of their own; choose another")
    return check_name(value)


def _fitting(values: tuple[str, ...]) -> tuple[str, ...]:
    if (characters := sum(map(len, values))) > MOST_ANALYST_CHARACTERS:
        raise ValueError(
            f"the names have {characters} characters, and the role's policies hold {MOST_ANALYST_CHARACTERS}"
        )
    return values


Team = Annotated[str, Field(max_length=TEAM_CHARACTERS), AfterValidator(_team)]


def _time_zone(value: str) -> str:
    if value not in zoneinfo.available_timezones():
        raise ValueError("not an IANA time zone, such as Europe/London")
    return value


class JobSettings(SettingsModel):
    """Size of the Glue jobs."""

    worker_type: Annotated[Literal["G.1X", "G.2X"], Field(description="Glue worker type.")] = "G.1X"
    number_of_workers: Annotated[
        int,
        Field(
            ge=2, le=100, description="Most Glue workers of a run. Glue adds workers while Spark has tasks for them."
        ),
    ] = 2
    timeout_minutes: Annotated[int, Field(ge=1, le=2880, description="Minutes after which a run is stopped.")] = 60
    spread_objects: Annotated[
        int | None, Field(ge=1, description="A run with more objects spreads them over Spark's executors.")
    ] = None
    spread_megabytes: Annotated[
        int | None, Field(ge=1, description="A run whose objects have more megabytes spreads them too.")
    ] = None
    spark_merge_above_gigabytes: Annotated[
        int | None,
        Field(ge=1, description="A merge whose tables and new files have more gigabytes runs on Spark. `null`: never."),
    ] = 20
    spark_report_above_gigabytes: Annotated[
        int | None,
        Field(
            ge=1,
            description="A report that reads more gigabytes of columns runs on Spark. `null`: never.",
        ),
    ] = 1
    batch_size: Annotated[int, Field(ge=1, le=100, description="Landed objects that start the workflow at once.")] = 50
    batch_window_seconds: Annotated[
        int, Field(ge=1, le=900, description="Seconds after which fewer landed objects start it too.")
    ] = 300


class IdentityProviderSettings(SettingsModel):
    """How team members sign in, if not as tagged principals of the account."""

    arn: Annotated[
        str,
        Field(
            pattern=r"^arn:aws:iam::\d{12}:(saml|oidc)-provider/\S+$",
            description="ARN of the IAM provider. It names each member's team as the session tag `team`.",
        ),
    ]
    audience: Annotated[
        str | None, Field(min_length=1, description="OpenID Connect only: the client id that its tokens are for.")
    ] = None

    @model_validator(mode="after")
    def _has_an_audience_where_it_needs_one(self) -> Self:
        if (":oidc-provider/" in self.arn) != (self.audience is not None):
            raise ValueError("audience: an OpenID Connect provider needs it, a SAML provider has AWS's own")
        return self


class AnalystSettings(SettingsModel):
    """What analysts may read, beside the teams' reports."""

    datasets: Annotated[
        tuple[Name, ...],
        AfterValidator(check_distinct),
        AfterValidator(_fitting),
        Field(
            max_length=MOST_ANALYST_DATASETS,
            description="Datasets whose published rows analysts may read and query. Without any, the role does not "
            "exist. A dataset with personal or sensitive columns is refused, and so is one that keeps undeclared ones.",
        ),
    ] = ()


class LocalSettings(SettingsModel):
    """What only the emulator needs. docs/local.md says why of each."""

    trust_account: Annotated[
        bool, Field(description="The account itself may assume job and team roles: the local runner has no Glue.")
    ] = False
    plain_http: Annotated[bool, Field(description="No deny on plain HTTP: the emulator has no TLS.")] = False
    host_packages: Annotated[
        bool,
        Field(description="Leave packages out of the functions' layer and the jobs' wheels: this machine has them."),
    ] = False
    batch_actions: Annotated[
        bool, Field(description="Allow sqs:SendMessageBatch by name: the emulator does not count it as SendMessage.")
    ] = False
    any_metric_namespace: Annotated[
        bool,
        Field(
            description="Let the jobs publish metrics without a condition on the namespace: the emulator has no key."
        ),
    ] = False
    skip_images: Annotated[
        bool, Field(description="Build and push no container images: the emulator runs no containers.")
    ] = False


class Settings(SettingsModel):
    """Every setting of a stack."""

    teams: Annotated[
        tuple[Team, ...],
        AfterValidator(check_distinct),
        Field(
            min_length=1,
            description=f"Teams that read reports, each of at most {TEAM_CHARACTERS} characters. Each gets a role, a "
            "mart database and the prefix `mart/{team}/reports/`. Every report's team has to be among them.",
        ),
    ]
    team_session_hours: Annotated[
        int,
        Field(
            ge=1,
            le=12,
            description="Hours that a session of a team's role may last. If a member's own principal is a role, such "
            "as one of IAM Identity Center, AWS allows one hour at most (role chaining).",
        ),
    ] = 1
    team_identity_provider: Annotated[
        IdentityProviderSettings | None,
        Field(description="How team members sign in. Without it: as principals of the account with the tag `team`."),
    ] = None
    team_keys: Annotated[
        bool,
        Field(
            description="A KMS key for each team, for its reports and query results. Once that is changed, a team "
            "reads none of its reports until the workflow has made them again."
        ),
    ] = False
    analysts: Annotated[
        AnalystSettings,
        Field(description="What the [analysts](components/analyst-access.md) may read. They sign in as teams do."),
    ] = AnalystSettings()
    time_zone: Annotated[str, AfterValidator(_time_zone), Field(description="IANA time zone of every schedule.")] = (
        "Europe/London"
    )
    connections: Annotated[
        dict[Name, ConnectionSettings], Field(description="SFTP servers, by the name that datasets use.")
    ]
    databases: Annotated[
        Mapping[Name, DatabaseSettings],
        Field(
            description="SQL Servers, by the name that datasets use. `passwordParameter` and `certificate` go together."
        ),
    ] = Field(default_factory=dict)
    network: Annotated[
        NetworkSettings,
        Field(description="The [network](components/network.md): one of our own, or one that exists."),
    ] = NetworkSettings()
    sources: Annotated[
        SourceSettings,
        Field(description="The [demo servers](components/source-server.md). `prod` has none by default."),
    ] = SourceSettings()
    demo: Annotated[
        bool, Field(description="This stack shows the platform, and holds nobody's data: it may be open to everybody.")
    ] = False
    log_retention_days: Annotated[RetentionDays, Field(description="Days that logs are kept.")] = 30
    noncurrent_version_days: Annotated[
        int,
        Field(ge=1, le=3650, description="Days that overwritten, deleted and expired objects can still be restored."),
    ] = 90
    query_scan_limit_gigabytes: Annotated[
        int, Field(ge=1, le=10_000, description="Gigabytes that one query of a team may read; Athena stops it there.")
    ] = 10
    audit_trail: Annotated[
        bool,
        Field(
            description="Have CloudTrail [record](components/audit.md) each access to the bucket, for as long as logs "
            "are kept, with an alarm on refusals in the marts. AWS charges for each record."
        ),
    ] = False
    protect_data: Annotated[
        bool, Field(description="Protect and retain bucket, key and tables; refuse to delete images and query history.")
    ] = True
    alarm_emails: Annotated[
        tuple[MailAddress, ...],
        AfterValidator(check_distinct),
        Field(
            description="Addresses that alarms are mailed to, but for those of datasets whose owner has a route in "
            "`alarms.routes`. Each has to confirm AWS's first mail."
        ),
    ] = ()
    alarms: Annotated[
        AlarmSettings, Field(description="When the [alarms](components/monitoring.md) fire, and who is notified.")
    ] = AlarmSettings()
    permissions_boundary: Annotated[
        str | None,
        Field(
            pattern=r"^[\w+=,.@-]{1,128}$",
            description="Name of the policy of the account that bounds every role of the stack, as "
            "[bootstrap](bootstrap.md) makes it. CI may make no role without.",
        ),
    ] = None
    function_architecture: Annotated[
        Literal["arm64", "x86_64"], Field(description="Processor of the Lambda functions.")
    ] = "arm64"
    events: Annotated[EventSettings, Field(description="The [stream](components/stream-ingest.md) of posted events.")]
    jobs: Annotated[JobSettings, Field(description="Size of the Glue jobs.")] = JobSettings()
    local: Annotated[
        LocalSettings,
        Field(
            description="What only the emulator needs. Any stack but `local` that sets one of them is refused. "
            "[Why each](local.md#the-exceptions)."
        ),
    ] = LocalSettings()

    @property
    def runs_servers(self) -> bool:
        """Whether the stack has source servers of its own, which need names in the network."""
        return any(each.demo_server for each in (*self.connections.values(), *self.databases.values()))

    @property
    def private_services(self) -> tuple[str, ...]:
        """What the collector calls of AWS in the network, beside S3 and DynamoDB."""
        return ("ssm",) if self.collects_in_network else ()

    @property
    def collects_in_network(self) -> bool:
        """Whether the collector runs in the network: a connection says so, or a server of our own runs there."""
        served = self.sources.desired_count > 0
        return any(each.in_vpc or (each.demo_server and served) for each in self.connections.values())
