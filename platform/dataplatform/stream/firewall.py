"""AWS WAF in front of the API: a limit for each address, and a list of addresses that attack others."""

from typing import Final

import pulumi
import pulumi_aws as aws

from dataplatform.settings.events import FirewallSettings

_WINDOW_SECONDS: Final = 300
_REPUTATION: Final = "AWSManagedRulesAmazonIpReputationList"
# Off: samples contain headers, and therefore keys and signatures.
_SAMPLED: Final = False


def create_firewall(
    name: str, settings: FirewallSettings, stage: aws.apigateway.Stage, *, parent: pulumi.Resource
) -> None:
    """Create a web ACL for a stage.

    No rule looks at bodies: WAF reads only their first 16 KB, and AWS's own rules refuse longer ones.

    Args:
        name: name of the web ACL, and prefix of the resources' names.
        settings: the limit for one address.
        stage: stage of the API.
        parent: the component that the web ACL belongs to.
    """
    child = pulumi.ResourceOptions(parent=parent)
    of_address = aws.wafv2.WebAclRuleStatementRateBasedStatementArgs(
        limit=settings.requests_of_an_address, evaluation_window_sec=_WINDOW_SECONDS, aggregate_key_type="IP"
    )
    attackers = aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs(vendor_name="AWS", name=_REPUTATION)
    acl = aws.wafv2.WebAcl(
        name,
        name=name,
        description="Who may reach the API of the stream",
        scope="REGIONAL",
        default_action={"allow": {}},
        rules=[
            aws.wafv2.WebAclRuleArgs(
                name="requests-of-an-address",
                priority=1,
                action=aws.wafv2.WebAclRuleActionArgs(block=aws.wafv2.WebAclRuleActionBlockArgs()),
                statement=aws.wafv2.WebAclRuleStatementArgs(rate_based_statement=of_address),
                visibility_config=_counted("requests-of-an-address"),
            ),
            aws.wafv2.WebAclRuleArgs(
                name="addresses-that-attack",
                priority=2,
                override_action=aws.wafv2.WebAclRuleOverrideActionArgs(
                    none=aws.wafv2.WebAclRuleOverrideActionNoneArgs()
                ),
                statement=aws.wafv2.WebAclRuleStatementArgs(managed_rule_group_statement=attackers),
                visibility_config=_counted("addresses-that-attack"),
            ),
        ],
        visibility_config=aws.wafv2.WebAclVisibilityConfigArgs(
            metric_name=name, cloudwatch_metrics_enabled=True, sampled_requests_enabled=_SAMPLED
        ),
        opts=child,
    )
    aws.wafv2.WebAclAssociation(name, resource_arn=stage.arn, web_acl_arn=acl.arn, opts=child)


def _counted(rule: str) -> aws.wafv2.WebAclRuleVisibilityConfigArgs:
    return aws.wafv2.WebAclRuleVisibilityConfigArgs(
        metric_name=rule, cloudwatch_metrics_enabled=True, sampled_requests_enabled=_SAMPLED
    )
