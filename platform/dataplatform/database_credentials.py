"""How each SQL Server is reached: address, login, password and the certificate that its TLS has to show, in SSM."""

import ipaddress
from typing import TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pulumi_tls as tls

from lake import collection

PASSWORD_LENGTH = 32
RSA_BITS = 3072
# SQL Server reads its certificate at start only; docs say how to renew it.
CERTIFICATE_HOURS = 2 * 365 * 24


class DatabaseArgs(TypedDict):
    """One SQL Server."""

    host: str
    port: int
    database: str
    user: str
    password_parameter: str | None
    """Name of an SSM SecureString that exists already; without one the program generates the password."""
    certificate: str | None
    """PEM of the server's certificate; without one the program generates key and certificate."""


def configure_databases(
    name: str,
    prefix: str,
    key_arn: pulumi.Input[str],
    databases: dict[str, DatabaseArgs],
    *,
    parent: pulumi.Resource,
) -> None:
    """Put every database's address, login and secrets into SSM, each secret under the platform's key."""
    child = pulumi.ResourceOptions(parent=parent)
    for database, server in databases.items():
        resource = f"{name}-{database}"
        password_parameter = server["password_parameter"] or collection.password_parameter(prefix, database)
        if server["password_parameter"] is None:
            _generate_password(resource, password_parameter, key_arn, child)
        certificate = server["certificate"] or _generate_certificate(resource, prefix, database, server, key_arn, child)
        aws.ssm.Parameter(
            f"{resource}-certificate",
            name=collection.certificate_parameter(prefix, database),
            description=f"Certificate that the SQL Server {database} has to show",
            type="String",
            value=certificate,
            opts=child,
        )
        aws.ssm.Parameter(
            f"{resource}-database",
            name=collection.database_parameter(prefix, database),
            description=f"SQL Server {database}",
            type="String",
            value=collection.Database(
                host=server["host"],
                port=server["port"],
                database=server["database"],
                user=server["user"],
                password_parameter=password_parameter,
                certificate_parameter=collection.certificate_parameter(prefix, database),
            ).model_dump_json(),
            opts=child,
        )


def _generate_password(
    resource: str, parameter: str, key_arn: pulumi.Input[str], child: pulumi.ResourceOptions
) -> None:
    password = random.RandomPassword(
        f"{resource}-password",
        length=PASSWORD_LENGTH,
        # SQL Server wants three of four kinds of characters; those that connection strings give a meaning to stay out.
        special=False,
        min_lower=1,
        min_upper=1,
        min_numeric=1,
        opts=child,
    )
    aws.ssm.Parameter(
        f"{resource}-password",
        name=parameter,
        description="Password of the extraction's login",
        type="SecureString",
        key_id=key_arn,
        value=password.result,
        opts=child,
    )


def _generate_certificate(
    resource: str,
    prefix: str,
    database: str,
    server: DatabaseArgs,
    key_arn: pulumi.Input[str],
    child: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    key_pair = tls.PrivateKey(f"{resource}-server-key", algorithm="RSA", rsa_bits=RSA_BITS, opts=child)
    certificate = tls.SelfSignedCert(
        f"{resource}-server-certificate",
        private_key_pem=key_pair.private_key_pem,
        subject={"common_name": server["host"]},
        dns_names=[] if _is_address(server["host"]) else [server["host"]],
        ip_addresses=[server["host"]] if _is_address(server["host"]) else [],
        validity_period_hours=CERTIFICATE_HOURS,
        allowed_uses=["key_encipherment", "digital_signature", "server_auth"],
        opts=child,
    )
    aws.ssm.Parameter(
        f"{resource}-server-key",
        name=collection.server_key_parameter(prefix, database),
        description=f"Key of the certificate that the SQL Server {database} shows",
        type="SecureString",
        key_id=key_arn,
        value=key_pair.private_key_pem,
        opts=child,
    )
    return certificate.cert_pem


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
