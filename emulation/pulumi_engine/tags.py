"""Changes the tags of existing resources. Each service has its own requests for this."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulation.pulumi_engine.handler import Request, Standing

Form = Callable[[Mapping[str, str]], Any]


def _listed(key: str, value: str) -> Form:
    return lambda tags: [{key: name, value: text} for name, text in tags.items()]


_KEY_AND_VALUE: Final = _listed("Key", "Value")


@dataclass(frozen=True, slots=True)
class _Tagging:
    """The two tagging requests of a service."""

    add: str
    remove: str
    resource: str
    """Parameter that identifies the resource."""
    source: str = "arn"
    """The identifying value: "id", or an output."""
    tags: str = "Tags"
    form: Form = _KEY_AND_VALUE
    keys: str = "TagKeys"
    keys_form: Form = list
    more: Mapping[str, Any] | None = None
    """Additional parameters of both requests."""


_BY_SERVICE: Final[Mapping[str, _Tagging]] = {
    "apigateway": _Tagging("tag_resource", "untag_resource", "resourceArn", tags="tags", form=dict, keys="tagKeys"),
    "athena": _Tagging("tag_resource", "untag_resource", "ResourceARN"),
    "budgets": _Tagging("tag_resource", "untag_resource", "ResourceARN", tags="ResourceTags", keys="ResourceTagKeys"),
    "cloudtrail": _Tagging(
        "add_tags", "remove_tags", "ResourceId", tags="TagsList", keys="TagsList",
        keys_form=lambda tags: [{"Key": name} for name in tags],
    ),
    "cloudwatch": _Tagging("tag_resource", "untag_resource", "ResourceARN"),
    "dynamodb": _Tagging("tag_resource", "untag_resource", "ResourceArn"),
    "ec2": _Tagging(
        "create_tags", "delete_tags", "Resources", "id", keys="Tags",
        keys_form=lambda tags: [{"Key": name} for name in tags],
    ),
    "ecr": _Tagging("tag_resource", "untag_resource", "resourceArn", tags="tags", keys="tagKeys"),
    "ecs": _Tagging(
        "tag_resource", "untag_resource", "resourceArn", tags="tags", form=_listed("key", "value"), keys="tagKeys"
    ),
    "events": _Tagging("tag_resource", "untag_resource", "ResourceARN"),
    "glue": _Tagging(
        "tag_resource", "untag_resource", "ResourceArn", tags="TagsToAdd", form=dict, keys="TagsToRemove"
    ),
    "iam policy": _Tagging("tag_policy", "untag_policy", "PolicyArn"),
    "iam role": _Tagging("tag_role", "untag_role", "RoleName", "name"),
    "kms": _Tagging("tag_resource", "untag_resource", "KeyId", "id", form=_listed("TagKey", "TagValue")),
    "lambda": _Tagging("tag_resource", "untag_resource", "Resource", form=dict),
    "logs": _Tagging("tag_resource", "untag_resource", "resourceArn", tags="tags", form=dict, keys="tagKeys"),
    "scheduler": _Tagging("tag_resource", "untag_resource", "ResourceArn"),
    "servicediscovery": _Tagging("tag_resource", "untag_resource", "ResourceARN"),
    "sns": _Tagging("tag_resource", "untag_resource", "ResourceArn"),
    "sqs": _Tagging("tag_queue", "untag_queue", "QueueUrl", "url", form=dict),
    "wafv2": _Tagging("tag_resource", "untag_resource", "ResourceARN"),
    "ssm": _Tagging(
        "add_tags_to_resource", "remove_tags_from_resource", "ResourceId", "id", more={"ResourceType": "Parameter"}
    ),
}  # fmt: skip
# Types whose module is not the service, or whose service tags its resources in several ways.
_OF_OTHERS: Final = {
    "aws:cloudwatch/logGroup:LogGroup": "logs",
    "aws:cloudwatch/eventRule:EventRule": "events",
    "aws:iam/policy:Policy": "iam policy",
    "aws:iam/role:Role": "iam role",
}


def retag(request: Request, standing: Standing) -> None:
    """Set a resource's tags to those of its request.

    Raises:
        EngineError: The emulator refused.
    """
    before, after = standing.properties.get("tags", {}), request.tags
    if request.type.startswith("aws:s3/"):
        # S3's request sets all tags at once.
        request.call("s3", "put_bucket_tagging", Bucket=standing.id, Tagging={"TagSet": request.tag_list})
        return
    chosen = _OF_OTHERS.get(request.type) or request.type.split(":")[1].partition("/")[0]
    service, tagging = chosen.partition(" ")[0], _BY_SERVICE[chosen]
    name = standing.id if tagging.source == "id" else standing.properties[tagging.source]
    resource: dict[str, Any] = {tagging.resource: [name] if service == "ec2" else name, **(tagging.more or {})}
    if gone := {key: value for key, value in before.items() if key not in after}:
        request.call(service, tagging.remove, **resource, **{tagging.keys: tagging.keys_form(gone)})
    if after:
        request.call(service, tagging.add, **resource, **{tagging.tags: tagging.form(after)})
