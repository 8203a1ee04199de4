"""How each SFTP server is reached: address, login, client keys and the host key that it has to show, in SSM."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_tls as tls

from lake import parameters as collection

RSA_BITS = 4096
HOST_KEY_BITS = 3072


class ConnectionArgs(TypedDict):
    """One SFTP server."""

    host: str
    port: int
    user: str
    host_keys: list[str] | None
    """Public host keys, "type base64" each; no other key is accepted. None: the program generates the server's."""
    client_keys: list[str]
    """Names of the client keys; the first is used."""


class ServerSecrets(TypedDict):
    """What a server that the program runs is given: ARN and version of a parameter by the variable's name."""

    parameter_arns: dict[str, pulumi.Output[str]]
    versions: dict[str, pulumi.Output[int]]


def server_secrets(parameters: Mapping[str, aws.ssm.Parameter]) -> ServerSecrets:
    """What a server is given, by the variable that each parameter becomes."""
    return ServerSecrets(
        parameter_arns={variable: parameter.arn for variable, parameter in parameters.items()},
        versions={variable: parameter.version for variable, parameter in parameters.items()},
    )


def configure_connections(
    name: str,
    prefix: str,
    key_arn: pulumi.Input[str],
    connections: dict[str, ConnectionArgs],
    *,
    parent: pulumi.Resource,
) -> tuple[dict[str, pulumi.Output[str]], dict[str, ServerSecrets]]:
    """Put every connection's address, login and keys into SSM, each private key under the platform's key.

    Returns:
        The OpenSSH public keys of each connection, one a line, and the secrets of each server whose host key was made.
    """
    public_keys: dict[str, pulumi.Output[str]] = {}
    secrets: dict[str, ServerSecrets] = {}
    for connection, server in connections.items():
        resource = f"{name}-{connection}"
        public_keys[connection] = _make_client_keys(resource, prefix, connection, key_arn, server, parent)
        host_keys = pulumi.Output.from_input(server["host_keys"] or [])
        if server["host_keys"] is None:
            host_keys, secrets[connection] = _make_server_keys(
                resource, prefix, connection, key_arn, public_keys[connection], parent
            )
        _describe(resource, prefix, connection, server, host_keys, parent)
    return public_keys, secrets


def _make_client_keys(
    resource: str,
    prefix: str,
    connection: str,
    key_arn: pulumi.Input[str],
    server: ConnectionArgs,
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    child = pulumi.ResourceOptions(parent=parent)
    pairs = [
        tls.PrivateKey(f"{resource}-{key}-client-key", algorithm="RSA", rsa_bits=RSA_BITS, opts=child)
        for key in server["client_keys"]
    ]
    aws.ssm.Parameter(
        f"{resource}-client-key",
        name=collection.private_key_parameter(prefix, connection),
        description=f"Client key of the SFTP connection {connection}",
        type="SecureString",
        key_id=key_arn,
        value=pairs[0].private_key_pem,
        # RSA 4096 in PEM is 3.2 KB; a standard parameter holds 4 KB.
        tier="Standard",
        opts=child,
    )
    lines = pulumi.Output.all(*(pair.public_key_openssh for pair in pairs))
    return lines.apply(lambda keys: "\n".join(key.strip() for key in keys))


def _make_server_keys(
    resource: str,
    prefix: str,
    connection: str,
    key_arn: pulumi.Input[str],
    public_keys: pulumi.Output[str],
    parent: pulumi.Resource,
) -> tuple[pulumi.Output[list[str]], ServerSecrets]:
    child = pulumi.ResourceOptions(parent=parent)
    pair = tls.PrivateKey(f"{resource}-host-key", algorithm="RSA", rsa_bits=HOST_KEY_BITS, opts=child)
    host_key = aws.ssm.Parameter(
        f"{resource}-host-key",
        name=collection.host_key_parameter(prefix, connection),
        description=f"Host key of the SFTP server of {connection}",
        type="SecureString",
        key_id=key_arn,
        value=pair.private_key_pem,
        opts=child,
    )
    authorized = aws.ssm.Parameter(
        f"{resource}-authorized-keys",
        name=collection.authorized_keys_parameter(prefix, connection),
        description=f"Public keys that the SFTP server of {connection} lets in",
        type="String",
        value=public_keys,
        opts=child,
    )
    secrets = server_secrets({"SFTP_HOST_KEY": host_key, "SFTP_AUTHORIZED_KEYS": authorized})
    # Without the comment: a pinned key is "type base64".
    return pair.public_key_openssh.apply(lambda line: [" ".join(line.split()[:2])]), secrets


def _describe(
    resource: str,
    prefix: str,
    connection: str,
    server: ConnectionArgs,
    host_keys: pulumi.Output[list[str]],
    parent: pulumi.Resource,
) -> None:
    def described(keys: list[str]) -> str:
        return collection.Connection(
            host=server["host"],
            port=server["port"],
            user=server["user"],
            host_keys=tuple(keys),
            private_key_parameter=collection.private_key_parameter(prefix, connection),
        ).to_json()

    aws.ssm.Parameter(
        f"{resource}-connection",
        name=collection.connection_parameter(prefix, connection),
        description=f"SFTP connection {connection}",
        type="String",
        value=host_keys.apply(described),
        opts=pulumi.ResourceOptions(parent=parent),
    )
