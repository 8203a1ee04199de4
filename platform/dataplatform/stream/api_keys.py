"""API keys: one for each provider, two while it changes, with a usage plan; they lie in SSM and nowhere in the open."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from dataplatform.aws.stack import StackContext
from dataplatform.settings.events import ProviderSettings
from lake.callbacks import FIRST, api_key_parameter

ApiKeysByProvider = Mapping[str, Mapping[str, aws.apigateway.ApiKey]]
"""Each provider's keys by their names."""


def create_api_keys(
    api_name: str, providers: Mapping[str, ProviderSettings], *, parent: pulumi.Resource
) -> ApiKeysByProvider:
    """The keys of each provider. They are made before the API: the function behind it has to know their ids.

    Args:
        api_name: of the RestApi that they are for.
        providers: those who post, and the names of their keys, from the stack's settings.
        parent: the component that they, and that RestApi, belong to.
    """
    # The keys belonged to ApiKeys once. Without the alias an update would replace them, and lock out all who post.
    api = pulumi.create_urn(api_name, "dataplatform:stream:RestApi", parent=parent)
    former_parent = pulumi.create_urn(f"{api_name}-keys", "dataplatform:stream:ApiKeys", parent=api)
    opts = pulumi.ResourceOptions(parent=parent, aliases=[pulumi.Alias(parent=former_parent)])
    return {
        provider: {
            key: aws.apigateway.ApiKey(
                f"{api_name}-keys-{_resource_name(provider, key)}",
                name=f"{api_name}-keys-{_resource_name(provider, key)}",
                description=f"Events of {provider}",
                opts=opts,
            )
            for key in settings.keys
        }
        for provider, settings in providers.items()
    }


def providers_by_key_id(keys: ApiKeysByProvider) -> pulumi.Output[str]:
    """The provider of each key by the key's id, as JSON: what the receiver knows its callers by.

    A key that is replaced keeps its provider, and so the channel of its events. So does a second one.
    """
    owners = [(provider, key.id) for provider, own in keys.items() for key in own.values()]
    ids = pulumi.Output.all(*(key_id for _, key_id in owners))
    return pulumi.Output.json_dumps(
        ids.apply(lambda each: dict(zip(each, (provider for provider, _ in owners), strict=True)))
    )


def _resource_name(provider: str, key: str) -> str:
    # The first one's name is that from before there could be two.
    return provider if key == FIRST else f"{provider}-{key}"


class ApiKeys(pulumi.ComponentResource):
    """A usage plan for each provider, and an SSM parameter for each of its keys."""

    parameters: pulumi.Output[dict[str, str]]
    """Name of the SSM parameter of each provider's key; of two the one that is named last, to which it changes."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackContext,
        rest_api_id: pulumi.Input[str],
        stage: pulumi.Input[str],
        keys: ApiKeysByProvider,
        providers: Mapping[str, ProviderSettings],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create a usage plan and a parameter for each provider.

        Args:
            name: what the resources' names begin with.
            stack: the stack's context with its key.
            rest_api_id: the API.
            stage: its stage.
            keys: each provider's keys, as `create_api_keys` made them.
            providers: who posts, and how much, from the stack's settings.
            opts: of the component.
        """
        super().__init__("dataplatform:stream:ApiKeys", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        parameters: dict[str, pulumi.Output[str]] = {}
        for provider, limits in providers.items():
            plan = aws.apigateway.UsagePlan(
                f"{name}-{provider}",
                name=f"{name}-{provider}",
                description=f"Limits of {provider}",
                api_stages=[{"api_id": rest_api_id, "stage": stage}],
                throttle_settings={"rate_limit": limits.requests_per_second, "burst_limit": limits.burst},
                quota_settings={"limit": limits.requests_per_day, "period": "DAY"},
                opts=child,
            )
            for key_name, key in keys[provider].items():
                own = f"{name}-{_resource_name(provider, key_name)}"
                aws.apigateway.UsagePlanKey(own, key_id=key.id, key_type="API_KEY", usage_plan_id=plan.id, opts=child)
                parameters[provider] = aws.ssm.Parameter(
                    own,
                    name=api_key_parameter(stack.parameter_prefix, provider, key_name),
                    description=f"API key of {provider}",
                    type="SecureString",
                    key_id=stack.key_arn,
                    value=key.value,
                    opts=child,
                ).name
        self.parameters = pulumi.Output.all(**parameters)
        self.register_outputs({"parameters": self.parameters})
