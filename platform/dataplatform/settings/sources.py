"""Settings of the data's sources: SFTP servers, SQL Servers, the network, and the demo servers."""

import ipaddress
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from dataplatform.settings.base import (
    GIVEN_PARAMETER_KEYS,
    PARAMETER_CHARACTERS,
    Name,
    ParameterName,
    SettingsModel,
    check_distinct,
)

# Ranges that AWS accepts for a VPC and that have room for the subnets.
IPV4: Final = 4
PRIVATE_RANGES: Final = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""Ranges of RFC 1918. AWS refuses other ranges that are not public, such as 127.0.0.0/8 and 169.254.0.0/16."""
SHORTEST_PREFIX: Final = 16
LONGEST_PREFIX: Final = 22
# A wider range is larger than any single network. Two ranges of /1 are the whole internet.
WIDEST_INGRESS_PREFIX: Final = 8
DEMO_USER: Final = "dataplatform"
"""The only login of images/sftp."""
DEMO_SFTP_PORT: Final = 2222
# Names of the demo servers in the network's private domain.
DEMO_SFTP_NAME: Final = "sftp"
DEMO_SQL_NAME: Final = "sql"
# One parameter holds a connection: its host keys, and beside them a name, a login and a reference.
HOST_KEYS_CHARACTERS: Final = PARAMETER_CHARACTERS - 900
# One parameter holds the keys that the demo server accepts, at 740 characters each.
MOST_CLIENT_KEYS: Final = 5
# docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html: rules of a security group, minus the program's own.
MOST_RANGES: Final = 50
# docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html
MOST_SUBNETS: Final = 16

Host = Annotated[str, Field(min_length=1, max_length=253)]
User = Annotated[str, Field(min_length=1, max_length=128)]
SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")]
Subnets = Annotated[tuple[SubnetId, ...], AfterValidator(check_distinct), Field(max_length=MOST_SUBNETS)]


def _host_key(value: str) -> str:
    kind, _, rest = value.strip().partition(" ")
    if not rest or not kind.startswith(("ssh-", "ecdsa-", "rsa-")):
        raise ValueError('not of the form "type base64", as `ssh-keyscan` prints after the host name')
    return f"{kind} {rest.split()[0]}"


def _host_keys(values: tuple[str, ...]) -> tuple[str, ...]:
    if (characters := sum(map(len, values))) > HOST_KEYS_CHARACTERS:
        raise ValueError(f"{characters} characters, but at most {HOST_KEYS_CHARACTERS} fit; name only the keys in use")
    return values


def _private_network(value: str) -> str:
    network = ipaddress.ip_network(value)
    is_private = isinstance(network, ipaddress.IPv4Network) and any(map(network.subnet_of, PRIVATE_RANGES))
    if not is_private or not SHORTEST_PREFIX <= network.prefixlen <= LONGEST_PREFIX:
        raise ValueError(f"not a private IPv4 range of /{SHORTEST_PREFIX} to /{LONGEST_PREFIX}, such as 10.40.0.0/16")
    return str(network)


def _ipv4_range(value: str) -> str:
    network = ipaddress.ip_network(value)
    if network.version != IPV4:
        raise ValueError("not an IPv4 range, such as 203.0.113.0/24")
    return str(network)


class ConnectionSettings(SettingsModel):
    """How to reach one SFTP server."""

    host: Annotated[
        Host | None, Field(description="Host name or address of the server. Required, except for a `demoServer`.")
    ] = None
    port: Annotated[int, Field(ge=1, le=65535, description="TCP port.")] = 22
    user: Annotated[User, Field(description="Login on the server.")]
    host_keys: Annotated[
        tuple[Annotated[str, AfterValidator(_host_key)], ...],
        AfterValidator(check_distinct),
        AfterValidator(_host_keys),
        Field(
            description='Public host keys of the server, each as "type base64". The collector refuses any other key. '
            "`ssh-keyscan HOST` shows the keys that a server offers; let its owner confirm them by another way. At "
            "least one key is required, except for a `demoServer` and in `local`, which uses the stand-in's key."
        ),
    ] = ()
    client_keys: Annotated[
        tuple[Name, ...],
        AfterValidator(check_distinct),
        Field(
            min_length=1,
            max_length=MOST_CLIENT_KEYS,
            description="Names of the client keys that the program creates. The collector uses the first. There are "
            "several while the key is [changed](rotate-keys.md).",
        ),
    ] = ("first",)
    in_vpc: Annotated[
        bool,
        Field(
            description="Run the collector in the [network](components/network.md), which reaches the server directly "
            "or from the fixed addresses of its NAT gateways."
        ),
    ] = False
    demo_server: Annotated[
        bool,
        Field(description="Let the program run this server, with [demo data](components/source-server.md)."),
    ] = False

    @model_validator(mode="after")
    def _is_elsewhere_or_ours(self) -> Self:
        if self.demo_server:
            given = [name for name in ("host", "port", "host_keys", "in_vpc") if name in self.model_fields_set]
            if given:
                raise ValueError("demoServer: the program sets host, port, hostKeys and inVpc; leave them out")
            if self.user != DEMO_USER:
                raise ValueError(f"demoServer: its only user is {DEMO_USER}")
        elif self.host is None:
            raise ValueError("host is missing; only a demoServer does not need it")
        return self

    def address(self, domain: str | None) -> tuple[str, int]:
        """Return the host and the TCP port. The host of a `demo_server` is its name in the network's private domain."""
        return self.host or f"{DEMO_SFTP_NAME}.{domain}", DEMO_SFTP_PORT if self.demo_server else self.port


class DatabaseSettings(SettingsModel):
    """How to reach one SQL Server."""

    host: Annotated[
        Host | None, Field(description="Host name or address of the server. Required, except for a `demoServer`.")
    ] = None
    port: Annotated[int, Field(ge=1, le=65535, description="TCP port.")] = 1433
    database: Annotated[
        str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$", description="Name of the database on the server.")
    ]
    user: Annotated[User, Field(description="Login of the extraction.")]
    password_parameter: Annotated[
        ParameterName | None,
        Field(
            description=f"Name of an SSM SecureString that holds the password. You create it, encrypted with "
            f"{GIVEN_PARAMETER_KEYS}. Without this setting, the program generates the password."
        ),
    ] = None
    certificate: Annotated[
        str | None,
        Field(
            pattern=r"^-----BEGIN CERTIFICATE-----",
            max_length=PARAMETER_CHARACTERS,
            description="The certificate of the server, or of its certificate authority, in PEM. The extraction "
            "accepts no other. Without this setting, the program generates a certificate.",
        ),
    ] = None
    demo_server: Annotated[
        bool,
        Field(description="Let the program run this server, with [demo data](components/source-server.md)."),
    ] = False

    @model_validator(mode="after")
    def _is_either_given_or_made(self) -> Self:
        if (self.password_parameter is None) != (self.certificate is None):
            raise ValueError(
                "passwordParameter and certificate go together; give both for your own server, and neither for "
                "one that the program sets up"
            )
        if self.demo_server:
            given = {"host", "port", "password_parameter", "certificate"} & self.model_fields_set
            if given:
                raise ValueError(
                    "demoServer: the program sets host, port, passwordParameter and certificate; leave them out"
                )
        elif self.host is None:
            raise ValueError("host is missing; only a demoServer does not need it")
        return self

    def address(self, domain: str | None) -> tuple[str, int]:
        """Return the host and the TCP port. The host of a `demo_server` is its name in the network's private domain."""
        return self.host or f"{DEMO_SQL_NAME}.{domain}", self.port


class NetworkSettings(SettingsModel):
    """The network of the tasks, and of the collector if a connection requires it."""

    cidr: Annotated[
        str,
        AfterValidator(_private_network),
        Field(description="Address range of the [network](components/network.md): a private IPv4 range, /16 to /22."),
    ] = "10.40.0.0/16"
    nat_gateways: Annotated[
        Literal[0, 1, 2],
        Field(
            description="Number of NAT gateways. Each has a [price](costs.md#what-each-choice-adds) and a fixed "
            "address, which partners can add to their list of allowed addresses."
        ),
    ] = 0
    vpc_id: Annotated[
        str | None,
        Field(
            pattern=r"^vpc-[0-9a-f]{8,17}$",
            description="Id of an existing VPC. Without this setting, the program creates one.",
        ),
    ] = None
    public_subnet_ids: Annotated[
        Subnets, Field(description="Subnets of the existing VPC with a route to the internet.")
    ] = ()
    private_subnet_ids: Annotated[
        Subnets,
        Field(
            description="Subnets of the existing VPC for resources without a public address. You provide their routes "
            "and endpoints."
        ),
    ] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        given = (self.vpc_id is not None, bool(self.public_subnet_ids), bool(self.private_subnet_ids))
        if any(given) and not all(given):
            raise ValueError(
                "vpcId, publicSubnetIds and privateSubnetIds go together; an existing network needs all of them"
            )
        if all(given) and self.nat_gateways:
            raise ValueError("natGateways does not apply to an existing network; leave it out")
        return self


class SourceSettings(SettingsModel):
    """The demo servers, which a connection and a database request with `demoServer`."""

    desired_count: Annotated[
        Literal[0, 1],
        Field(
            description="Number of tasks of each demo server. With 0, no server runs, the schedules of their datasets "
            "are disabled, and the endpoint that only they need does not exist. With 1, `dataplatform sources` stops "
            "and starts the servers."
        ),
    ] = 1
    allowed_cidrs: Annotated[
        tuple[Annotated[str, AfterValidator(_ipv4_range)], ...],
        AfterValidator(check_distinct),
        Field(
            max_length=MOST_RANGES,
            description="Your own address ranges, which may connect to the demo servers in addition to the collectors.",
        ),
    ] = ()
    accept_sql_server_eula: Annotated[
        bool,
        Field(description="Accept Microsoft's licence for SQL Server, go.microsoft.com/fwlink/?LinkId=746388."),
    ] = False

    @property
    def too_wide(self) -> tuple[str, ...]:
        """Ranges that are wider than any single network."""
        return tuple(
            each for each in self.allowed_cidrs if ipaddress.ip_network(each).prefixlen < WIDEST_INGRESS_PREFIX
        )
