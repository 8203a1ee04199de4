"""Stores in SSM how each third party signs its callbacks: headers, tolerance and secret."""

from collections.abc import Mapping, Sequence

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
    """Store every third party's configuration in SSM, with secrets encrypted by the platform's key.

    Returns:
        Name of the SSM parameter of each secret; if there are two, the last one, which is the new secret.
    """
    child = pulumi.ResourceOptions(parent=parent)
    newest: dict[str, pulumi.Output[str]] = {}
    for provider, callback in providers.items():
        given = [pulumi.Output.from_input(parameter) for parameter in callback.given_parameters]
        secrets = given or [_generate_secret(name, stack, provider, secret, child) for secret in callback.secrets]
        newest[provider] = secrets[-1]
        aws.ssm.Parameter(
            f"{name}-{provider}-callback",
            name=callbacks.callback_parameter(stack.parameter_prefix, provider),
            description=f"How {provider} calls back",
            type="String",
            value=pulumi.Output.all(*secrets).apply(
                lambda parameters, callback=callback: _as_stored(callback, parameters)
            ),
            opts=child,
        )
    return mapping_of(newest)


def _as_stored(callback: CallbackSettings, parameters: Sequence[str]) -> str:
    first, *others = parameters
    shape = callback.model_dump(exclude={"secret_parameter", "other_secret_parameter", "secrets"})
    known = {"secret_parameter": first, "other_secret_parameter": others[0] if others else None}
    return callbacks.CallbackProvider.model_validate({**shape, **known}).to_json()


def _generate_secret(
    name: str, stack: StackContext, provider: str, secret: str, child: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    # The first secret keeps the name that it had when a provider could have only one.
    own = f"{name}-{provider}-secret" if secret == callbacks.FIRST else f"{name}-{provider}-secret-{secret}"
    generated = random.RandomPassword(own, length=SECRET_CHARACTERS, special=False, opts=child)
    return aws.ssm.Parameter(
        own,
        name=callbacks.callback_secret_parameter(stack.parameter_prefix, provider, secret),
        description=f"What {provider} signs its callbacks with",
        type="SecureString",
        key_id=stack.key_arn,
        value=generated.result,
        opts=child,
    ).name
