"""API keys: one for each provider, with a usage plan of its own; the key lies in SSM and nowhere in the open."""

from collections.abc import Iterable, Mapping

import pulumi
import pulumi_aws as aws

from dataplatform.aws.stack import StackContext
from dataplatform.settings.events import ProviderSettings
from lake.callbacks import api_key_parameter


def create_api_keys(
    api_name: str, providers: Iterable[str], *, parent: pulumi.Resource
) -> dict[str, aws.apigateway.ApiKey]:
    """A key for each provider. They are made before the API: the function behind it has to know their ids.

    Args:
        api_name: of the RestApi that they are for.
        providers: names of those who post.
        parent: the component that they, and that RestApi, belong to.
    """
    # The keys belonged to ApiKeys once. Without the alias an update would replace them, and lock out all who post.
    api = pulumi.create_urn(api_name, "dataplatform:stream:RestApi", parent=parent)
    former_parent = pulumi.create_urn(f"{api_name}-keys", "dataplatform:stream:ApiKeys", parent=api)
    opts = pulumi.ResourceOptions(parent=parent, aliases=[pulumi.Alias(parent=former_parent)])
    return {
        provider: aws.apigateway.ApiKey(
            f"{api_name}-keys-{provider}",
            name=f"{api_name}-keys-{provider}",
            description=f"Events of {provider}",
            opts=opts,
        )
        for provider in providers
    }


def providers_by_key_id(keys: Mapping[str, aws.apigateway.ApiKey]) -> pulumi.Output[str]:
    """The provider of each key by the key's id, as JSON: what the receiver knows its callers by.

    A key that is replaced keeps its provider, and so the channel of its events.
    """
    return pulumi.Output.json_dumps(
        pulumi.Output.all(**{provider: key.id for provider, key in keys.items()}).apply(
            lambda ids: {key_id: provider for provider, key_id in ids.items()}
        )
    )


class ApiKeys(pulumi.ComponentResource):
    """A usage plan and an SSM parameter for each provider's key."""

    parameters: pulumi.Output[dict[str, str]]

    def __init__(
        self,
        name: str,
        *,
        stack: StackContext,
        rest_api_id: pulumi.Input[str],
        stage: pulumi.Input[str],
        keys: Mapping[str, aws.apigateway.ApiKey],
        providers: Mapping[str, ProviderSettings],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create a usage plan and a parameter for each provider.

        Args:
            name: what the resources' names begin with.
            stack: the stack's context with its key.
            rest_api_id: the API.
            stage: its stage.
            keys: each provider's key, as `create_api_keys` made it.
            providers: who posts, and how much, from the stack's settings.
            opts: of the component.
        """
        super().__init__("dataplatform:stream:ApiKeys", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        parameters: dict[str, pulumi.Output[str]] = {}
        for provider, limits in providers.items():
            key = keys[provider]
            plan = aws.apigateway.UsagePlan(
                f"{name}-{provider}",
                name=f"{name}-{provider}",
                description=f"What {provider} may post",
                api_stages=[{"api_id": rest_api_id, "stage": stage}],
                throttle_settings={"rate_limit": limits.requests_per_second, "burst_limit": limits.burst},
                quota_settings={"limit": limits.requests_per_day, "period": "DAY"},
                opts=child,
            )
            aws.apigateway.UsagePlanKey(
                f"{name}-{provider}", key_id=key.id, key_type="API_KEY", usage_plan_id=plan.id, opts=child
            )
            parameters[provider] = aws.ssm.Parameter(
                f"{name}-{provider}",
                name=api_key_parameter(stack.parameter_prefix, provider),
                description=f"API key of {provider}",
                type="SecureString",
                key_id=stack.key_arn,
                value=key.value,
                opts=child,
            ).name
        self.parameters = pulumi.Output.all(**parameters)
        self.register_outputs({"parameters": self.parameters})
