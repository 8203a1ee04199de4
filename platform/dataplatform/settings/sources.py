"""Settings of where data comes from: SFTP servers, SQL Servers, the network between, and servers of our own."""

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

# What AWS accepts as a VPC, and what leaves room for the subnets.
IPV4: Final = 4
PRIVATE_RANGES: Final = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""RFC 1918. AWS refuses others that are not public either, such as 127.0.0.0/8 and 169.254.0.0/16."""
SHORTEST_PREFIX: Final = 16
LONGEST_PREFIX: Final = 22
# A range that is wider lets in more than anybody's own network: two of /1 are everybody.
WIDEST_INGRESS_PREFIX: Final = 8
DEMO_USER: Final = "dataplatform"
"""The one login of images/sftp."""
DEMO_SFTP_PORT: Final = 2222
# Names of our own servers within the network's private domain.
DEMO_SFTP_NAME: Final = "sftp"
DEMO_SQL_NAME: Final = "sql"
# A connection is one parameter, with its host keys; beside them it has a name, a login and a reference.
HOST_KEYS_CHARACTERS: Final = PARAMETER_CHARACTERS - 900
# The keys that the program's own server lets in are one parameter, 740 characters each.
MOST_CLIENT_KEYS: Final = 5
# docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html: rules of a security group, less those of our own.
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
        Host | None, Field(description="Host name or address of the server; required but for `demoServer`.")
    ] = None
    port: Annotated[int, Field(ge=1, le=65535, description="TCP port.")] = 22
    user: Annotated[User, Field(description="Login on the server.")]
    host_keys: Annotated[
        tuple[Annotated[str, AfterValidator(_host_key)], ...],
        AfterValidator(check_distinct),
        AfterValidator(_host_keys),
        Field(
            description='The server\'s public host keys, "type base64" each. Collection refuses any other key. '
            "`ssh-keyscan HOST` shows what a server offers; its owner confirms by another way that it is the right "
            "one. At least one, but in `local`, where the stand-in's is put in, and for `demoServer`."
        ),
    ] = ()
    client_keys: Annotated[
        tuple[Name, ...],
        AfterValidator(check_distinct),
        Field(
            min_length=1,
            max_length=MOST_CLIENT_KEYS,
            description="Names of the client keys that the program makes. The first is used; the server's owner lets "
            "in several while they [change](rotate-keys.md).",
        ),
    ] = ("first",)
    in_vpc: Annotated[
        bool,
        Field(
            description="The collector runs in the [network](components/network.md): the server is reached through it, "
            "or by its NAT gateways' fixed addresses."
        ),
    ] = False
    demo_server: Annotated[
        bool,
        Field(description="The program runs this server itself, [demo data](components/source-server.md) and all."),
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
        """Host and TCP port; a `demo_server` has its name in the network's private domain."""
        return self.host or f"{DEMO_SFTP_NAME}.{domain}", DEMO_SFTP_PORT if self.demo_server else self.port


class DatabaseSettings(SettingsModel):
    """How to reach one SQL Server."""

    host: Annotated[
        Host | None, Field(description="Host name or address of the server; required but for `demoServer`.")
    ] = None
    port: Annotated[int, Field(ge=1, le=65535, description="TCP port.")] = 1433
    database: Annotated[
        str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$", description="Name of the database on the server.")
    ]
    user: Annotated[User, Field(description="The extraction's login.")]
    password_parameter: Annotated[
        ParameterName | None,
        Field(
            description=f"Name of an SSM SecureString that you made, encrypted with {GIVEN_PARAMETER_KEYS}; without it "
            "the program generates the password."
        ),
    ] = None
    certificate: Annotated[
        str | None,
        Field(
            pattern=r"^-----BEGIN CERTIFICATE-----",
            max_length=PARAMETER_CHARACTERS,
            description="The server's certificate in PEM, or its authority's, which is pinned; without it the program "
            "generates one.",
        ),
    ] = None
    demo_server: Annotated[
        bool,
        Field(description="The program runs this server itself, [demo data](components/source-server.md) and all."),
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
        """Host and TCP port; a `demo_server` has its name in the network's private domain."""
        return self.host or f"{DEMO_SQL_NAME}.{domain}", self.port


class NetworkSettings(SettingsModel):
    """The network that tasks run in, and the collector where a connection says so: our own, or one that exists."""

    cidr: Annotated[
        str,
        AfterValidator(_private_network),
        Field(description="Addresses of the [network](components/network.md): a private IPv4 range, /16 to /22."),
    ] = "10.40.0.0/16"
    nat_gateways: Annotated[
        Literal[0, 1, 2],
        Field(
            description="NAT gateways, each with a fixed address for partners' lists. None costs nothing; "
            "[what one costs](costs.md)."
        ),
    ] = 0
    vpc_id: Annotated[
        str | None, Field(pattern=r"^vpc-[0-9a-f]{8,17}$", description="A VPC that exists, in place of one of our own.")
    ] = None
    public_subnet_ids: Annotated[Subnets, Field(description="Its subnets with a route to the internet.")] = ()
    private_subnet_ids: Annotated[
        Subnets,
        Field(description="Its subnets for resources without a public address. Their routes and endpoints are yours."),
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
    """The demo servers, of which a connection and a database say `demoServer`."""

    desired_count: Annotated[
        Literal[0, 1],
        Field(
            description="Tasks of each server. 0: none runs, their datasets' schedules rest, and nothing is charged "
            "for reaching them. `dataplatform` stops and starts what 1 runs."
        ),
    ] = 1
    allowed_cidrs: Annotated[
        tuple[Annotated[str, AfterValidator(_ipv4_range)], ...],
        AfterValidator(check_distinct),
        Field(max_length=MOST_RANGES, description="Who else may connect, beside the collectors: your own addresses."),
    ] = ()
    accept_sql_server_eula: Annotated[
        bool,
        Field(description="You accept Microsoft's licence of SQL Server, go.microsoft.com/fwlink/?LinkId=746388."),
    ] = False

    @property
    def too_wide(self) -> tuple[str, ...]:
        """Ranges that let in more than anybody's own network."""
        return tuple(
            each for each in self.allowed_cidrs if ipaddress.ip_network(each).prefixlen < WIDEST_INGRESS_PREFIX
        )
