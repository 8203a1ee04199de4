"""How each SQL Server is reached: address, login, password and the certificate that its TLS has to show, in SSM."""

import ipaddress
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pulumi_tls as tls

from dataplatform.aws.stack import StackContext
from dataplatform.settings.sources import DatabaseSettings
from dataplatform.sftp.credentials import ServerSecrets, server_secrets
from lake import parameters as collection

PASSWORD_LENGTH = 32
RSA_BITS = 3072
# The authority is what clients pin: a server's certificate can change under it without them.
AUTHORITY_HOURS = 10 * 365 * 24
# SQL Server reads its certificate at start only; docs say how to renew it.
CERTIFICATE_HOURS = 2 * 365 * 24


def configure_databases(
    name: str,
    stack: StackContext,
    databases: Mapping[str, DatabaseSettings],
    *,
    domain: str | None,
    parent: pulumi.Resource,
) -> dict[str, ServerSecrets]:
    """Put every database's address, login and secrets into SSM, each secret under the platform's key.

    Args:
        name: what the resources' names begin with.
        stack: the stack's context with its key.
        databases: the SQL Servers, by name.
        domain: private DNS domain of the stack's own server.
        parent: of what is created.

    Returns:
        What each server is given that the program runs itself.
    """
    secrets: dict[str, ServerSecrets] = {}
    for database, server in databases.items():
        made = _DatabaseParameters(name, stack, database, server, server.address(domain), parent)
        if server.demo_server:
            secrets[database] = made.server_secrets()
    return secrets


class _DatabaseParameters:
    """The parameters of one database, and what was generated for it."""

    def __init__(
        self,
        name: str,
        stack: StackContext,
        database: str,
        server: DatabaseSettings,
        address: tuple[str, int],
        parent: pulumi.Resource,
    ) -> None:
        prefix = stack.parameter_prefix
        host, port = address
        self._resource, self._prefix, self._key_arn = f"{name}-{database}", prefix, stack.key_arn
        self._database, self._host = database, host
        self._child = pulumi.ResourceOptions(parent=parent)
        self._variables: dict[str, aws.ssm.Parameter] = {}
        password_parameter = server.password_parameter or collection.password_parameter(prefix, database)
        if server.password_parameter is None:
            self._variables["SQL_PASSWORD"] = self._generate_password(
                "password", password_parameter, "Password of the extraction's login"
            )
        pinned = server.certificate or self._generate_certificates()
        self._keep("certificate", collection.certificate_parameter(prefix, database), "Trusted certificate", pinned)
        described = collection.Database(
            host=host,
            port=port,
            database=server.database,
            user=server.user,
            password_parameter=password_parameter,
            certificate_parameter=collection.certificate_parameter(prefix, database),
        )
        self._keep("database", collection.database_parameter(prefix, database), "SQL Server", described.to_json())

    def server_secrets(self) -> ServerSecrets:
        """What the server is given, which the program runs: its administrator's password is made for that."""
        self._variables["MSSQL_SA_PASSWORD"] = self._generate_password(
            "administrator-password",
            collection.administrator_password_parameter(self._prefix, self._database),
            "Password of sa",
        )
        return server_secrets(self._variables)

    def _keep(self, purpose: str, parameter: str, description: str, value: pulumi.Input[str]) -> aws.ssm.Parameter:
        return aws.ssm.Parameter(
            f"{self._resource}-{purpose}",
            name=parameter,
            description=f"{description}: {self._database}",
            type="String",
            value=value,
            opts=self._child,
        )

    def _keep_secret(
        self, purpose: str, parameter: str, description: str, value: pulumi.Input[str]
    ) -> aws.ssm.Parameter:
        return aws.ssm.Parameter(
            f"{self._resource}-{purpose}",
            name=parameter,
            description=f"{description}: {self._database}",
            type="SecureString",
            key_id=self._key_arn,
            value=value,
            opts=self._child,
        )

    def _generate_password(self, purpose: str, parameter: str, description: str) -> aws.ssm.Parameter:
        password = random.RandomPassword(
            f"{self._resource}-{purpose}",
            length=PASSWORD_LENGTH,
            # SQL Server wants three of four kinds of characters; those that connection strings give a meaning to stay
            # out.
            special=False,
            min_lower=1,
            min_upper=1,
            min_numeric=1,
            opts=self._child,
        )
        return self._keep_secret(purpose, parameter, description, password.result)

    def _generate_certificates(self) -> pulumi.Output[str]:
        """An authority for this one server, and the server's key and certificate under it. The authority is pinned."""
        host = self._host
        authority_key = self._generate_key("authority-key")
        authority = tls.SelfSignedCert(
            f"{self._resource}-authority",
            private_key_pem=authority_key.private_key_pem,
            subject={"common_name": f"authority of {host}"},
            is_ca_certificate=True,
            validity_period_hours=AUTHORITY_HOURS,
            allowed_uses=["cert_signing", "crl_signing"],
            opts=self._child,
        )
        server_key = self._generate_key("server-key")
        request = tls.CertRequest(
            f"{self._resource}-server-request",
            private_key_pem=server_key.private_key_pem,
            subject={"common_name": host},
            dns_names=[] if _is_address(host) else [host],
            ip_addresses=[host] if _is_address(host) else [],
            opts=self._child,
        )
        certificate = tls.LocallySignedCert(
            f"{self._resource}-server-certificate",
            cert_request_pem=request.cert_request_pem,
            ca_private_key_pem=authority_key.private_key_pem,
            ca_cert_pem=authority.cert_pem,
            validity_period_hours=CERTIFICATE_HOURS,
            allowed_uses=["key_encipherment", "digital_signature", "server_auth"],
            opts=self._child,
        )
        self._variables["SQL_SERVER_KEY"] = self._keep_secret(
            "server-key",
            collection.server_key_parameter(self._prefix, self._database),
            "Key of the certificate that the SQL Server shows",
            server_key.private_key_pem,
        )
        self._variables["SQL_CERTIFICATE"] = self._keep(
            "server-certificate",
            collection.server_certificate_parameter(self._prefix, self._database),
            "Certificate that the SQL Server shows",
            certificate.cert_pem,
        )
        return authority.cert_pem

    def _generate_key(self, purpose: str) -> tls.PrivateKey:
        return tls.PrivateKey(f"{self._resource}-{purpose}", algorithm="RSA", rsa_bits=RSA_BITS, opts=self._child)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
