"""API keys: one for each provider, with a usage plan of its own; the key lies in SSM and nowhere in the open."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from lake.callbacks import api_key_parameter


class ProviderLimits(TypedDict):
    """What one provider may do."""

    requests_per_second: int
    burst: int
    """Requests at once, before the rate counts."""
    requests_per_day: int


class ApiKeysArgs(TypedDict):
    """What ApiKeys needs."""

    rest_api_id: pulumi.Input[str]
    stage: pulumi.Input[str]
    providers: Mapping[str, ProviderLimits]
    parameter_prefix: str
    key_arn: pulumi.Input[str]


class ApiKeys(pulumi.ComponentResource):
    """A key, a usage plan and an SSM parameter for each provider."""

    parameters: pulumi.Output[dict[str, str]]

    def __init__(self, name: str, args: ApiKeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:stream:ApiKeys", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        parameters: dict[str, pulumi.Output[str]] = {}
        for provider, limits in args["providers"].items():
            key = aws.apigateway.ApiKey(
                f"{name}-{provider}",
                name=f"{name}-{provider}",
                description=f"Events of {provider}",
                opts=child,
            )
            plan = aws.apigateway.UsagePlan(
                f"{name}-{provider}",
                name=f"{name}-{provider}",
                description=f"What {provider} may post",
                api_stages=[{"api_id": args["rest_api_id"], "stage": args["stage"]}],
                throttle_settings={"rate_limit": limits["requests_per_second"], "burst_limit": limits["burst"]},
                quota_settings={"limit": limits["requests_per_day"], "period": "DAY"},
                opts=child,
            )
            aws.apigateway.UsagePlanKey(
                f"{name}-{provider}", key_id=key.id, key_type="API_KEY", usage_plan_id=plan.id, opts=child
            )
            parameters[provider] = aws.ssm.Parameter(
                f"{name}-{provider}",
                name=api_key_parameter(args["parameter_prefix"], provider),
                description=f"API key of {provider}",
                type="SecureString",
                key_id=args["key_arn"],
                value=key.value,
                opts=child,
            ).name
        self.parameters = pulumi.Output.all(**parameters)
        self.register_outputs({"parameters": self.parameters})
