"""How each third party calls back: its headers, its tolerance and the secret that it signs with, in SSM."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from dataplatform.aws.stack import StackContext
from dataplatform.outputs import mapping_of
from dataplatform.settings.events import CallbackSettings
from lake import callbacks

SECRET_CHARACTERS = 48


def configure_callbacks(
    name: str, stack: StackContext, providers: Mapping[str, CallbackSettings], *, parent: pulumi.Resource
) -> pulumi.Output[dict[str, str]]:
    """Put how every third party calls back into SSM, each secret under the platform's key.

    Returns:
        Name of the SSM parameter of each one's secret.
    """
    child = pulumi.ResourceOptions(parent=parent)
    secrets: dict[str, pulumi.Output[str]] = {}
    for provider, callback in providers.items():
        given = callback.secret_parameter
        secret = pulumi.Output.from_input(given) if given else _generate_secret(name, stack, provider, child)
        secrets[provider] = secret
        shape = callback.model_dump(exclude={"secret_parameter"})
        aws.ssm.Parameter(
            f"{name}-{provider}-callback",
            name=callbacks.callback_parameter(stack.parameter_prefix, provider),
            description=f"How {provider} calls back",
            type="String",
            value=secret.apply(
                lambda parameter, shape=shape: callbacks.CallbackProvider.model_validate(
                    {**shape, "secret_parameter": parameter}
                ).model_dump_json()
            ),
            opts=child,
        )
    return mapping_of(secrets)


def _generate_secret(
    name: str, stack: StackContext, provider: str, child: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    secret = random.RandomPassword(f"{name}-{provider}-secret", length=SECRET_CHARACTERS, special=False, opts=child)
    return aws.ssm.Parameter(
        f"{name}-{provider}-secret",
        name=callbacks.callback_secret_parameter(stack.parameter_prefix, provider),
        description=f"What {provider} signs its callbacks with",
        type="SecureString",
        key_id=stack.key_arn,
        value=secret.result,
        opts=child,
    ).name
