"""How each third party calls back: its headers, its tolerance and the secret that it signs with, in SSM."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from lake import callbacks

SECRET_CHARACTERS = 48


class CallbackArgs(TypedDict):
    """How one third party calls back."""

    signature_header: str
    timestamp_header: str
    tolerance_seconds: int
    event_id_pointer: str | None
    event_type_pointer: str | None
    secret_parameter: str | None
    """An SSM SecureString that exists already; None: the program generates the secret."""


def configure_callbacks(
    name: str,
    prefix: str,
    key_arn: pulumi.Input[str],
    providers: Mapping[str, CallbackArgs],
    *,
    parent: pulumi.Resource,
) -> pulumi.Output[dict[str, str]]:
    """Put how every third party calls back into SSM, each secret under the platform's key.

    Returns:
        Name of the SSM parameter of each one's secret.
    """
    child = pulumi.ResourceOptions(parent=parent)
    secrets: dict[str, pulumi.Output[str]] = {}
    for provider, callback in providers.items():
        given = callback["secret_parameter"]
        secret = pulumi.Output.from_input(given) if given else _generate_secret(name, prefix, key_arn, provider, child)
        secrets[provider] = secret
        shape = {key: value for key, value in callback.items() if key != "secret_parameter"}
        aws.ssm.Parameter(
            f"{name}-{provider}-callback",
            name=callbacks.callback_parameter(prefix, provider),
            description=f"How {provider} calls back",
            type="String",
            value=secret.apply(
                lambda parameter, shape=shape: callbacks.CallbackProvider.model_validate(
                    {**shape, "secret_parameter": parameter}
                ).model_dump_json()
            ),
            opts=child,
        )
    return pulumi.Output.all(**secrets)


def _generate_secret(
    name: str, prefix: str, key_arn: pulumi.Input[str], provider: str, child: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    secret = random.RandomPassword(f"{name}-{provider}-secret", length=SECRET_CHARACTERS, special=False, opts=child)
    return aws.ssm.Parameter(
        f"{name}-{provider}-secret",
        name=callbacks.callback_secret_parameter(prefix, provider),
        description=f"What {provider} signs its callbacks with",
        type="SecureString",
        key_id=key_arn,
        value=secret.result,
        opts=child,
    ).name
