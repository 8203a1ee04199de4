"""How each SFTP server is reached: address, login, client keys and the host key that it has to show, in SSM."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import pulumi
import pulumi_aws as aws
import pulumi_tls as tls

from dataplatform.aws.stack import StackContext
from dataplatform.settings.sources import ConnectionSettings
from lake import parameters as collection

RSA_BITS = 4096
HOST_KEY_BITS = 3072


@dataclass(frozen=True, slots=True)
class ServerSecrets:
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
    stack: StackContext,
    connections: Mapping[str, ConnectionSettings],
    *,
    domain: str | None,
    parent: pulumi.Resource,
) -> tuple[dict[str, pulumi.Output[str]], dict[str, ServerSecrets]]:
    """Put every connection's address, login and keys into SSM, each private key under the platform's key.

    Args:
        name: what the resources' names begin with.
        stack: the stack's context with its key.
        connections: the SFTP servers, by name.
        domain: private DNS domain of the stack's own server.
        parent: of what is created.

    Returns:
        The OpenSSH public keys of each connection, one a line, and the secrets of each server whose host key was made.
    """
    public_keys: dict[str, pulumi.Output[str]] = {}
    secrets: dict[str, ServerSecrets] = {}
    for connection, server in connections.items():
        resource = f"{name}-{connection}"
        public_keys[connection] = _make_client_keys(resource, stack, connection, server, parent)
        host_keys = pulumi.Output.from_input(list(server.host_keys))
        if server.demo_server:
            host_keys, secrets[connection] = _make_server_keys(
                resource, stack, connection, public_keys[connection], parent
            )
        aws.ssm.Parameter(
            f"{resource}-connection",
            name=collection.connection_parameter(stack.parameter_prefix, connection),
            description=f"SFTP connection {connection}",
            type="String",
            value=host_keys.apply(partial(_described, stack.parameter_prefix, connection, server, domain)),
            opts=pulumi.ResourceOptions(parent=parent),
        )
    return public_keys, secrets


def _make_client_keys(
    resource: str,
    stack: StackContext,
    connection: str,
    server: ConnectionSettings,
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    child = pulumi.ResourceOptions(parent=parent)
    pairs = [
        tls.PrivateKey(f"{resource}-{key}-client-key", algorithm="RSA", rsa_bits=RSA_BITS, opts=child)
        for key in server.client_keys
    ]
    aws.ssm.Parameter(
        f"{resource}-client-key",
        name=collection.private_key_parameter(stack.parameter_prefix, connection),
        description=f"Client key of the SFTP connection {connection}",
        type="SecureString",
        key_id=stack.key_arn,
        value=pairs[0].private_key_pem,
        # RSA 4096 in PEM is 3.2 KB; a standard parameter holds 4 KB.
        tier="Standard",
        opts=child,
    )
    lines = pulumi.Output.all(*(pair.public_key_openssh for pair in pairs))
    return lines.apply(lambda keys: "\n".join(key.strip() for key in keys))


def _make_server_keys(
    resource: str,
    stack: StackContext,
    connection: str,
    public_keys: pulumi.Output[str],
    parent: pulumi.Resource,
) -> tuple[pulumi.Output[list[str]], ServerSecrets]:
    child = pulumi.ResourceOptions(parent=parent)
    pair = tls.PrivateKey(f"{resource}-host-key", algorithm="RSA", rsa_bits=HOST_KEY_BITS, opts=child)
    host_key = aws.ssm.Parameter(
        f"{resource}-host-key",
        name=collection.host_key_parameter(stack.parameter_prefix, connection),
        description=f"Host key of the SFTP server of {connection}",
        type="SecureString",
        key_id=stack.key_arn,
        value=pair.private_key_pem,
        opts=child,
    )
    authorized = aws.ssm.Parameter(
        f"{resource}-authorized-keys",
        name=collection.authorized_keys_parameter(stack.parameter_prefix, connection),
        description=f"Public keys that the SFTP server of {connection} accepts",
        type="String",
        value=public_keys,
        opts=child,
    )
    secrets = server_secrets({"SFTP_HOST_KEY": host_key, "SFTP_AUTHORIZED_KEYS": authorized})
    # Without the comment: a pinned key is "type base64".
    return pair.public_key_openssh.apply(lambda line: [" ".join(line.split()[:2])]), secrets


def _described(
    prefix: str, connection: str, server: ConnectionSettings, domain: str | None, host_keys: list[str]
) -> str:
    host, port = server.address(domain)
    return collection.Connection(
        host=host,
        port=port,
        user=server.user,
        host_keys=tuple(host_keys),
        private_key_parameter=collection.private_key_parameter(prefix, connection),
    ).to_json()
