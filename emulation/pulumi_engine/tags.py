"""Changes the tags of existing resources: each service has calls of its own."""

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
    """A service's two calls."""

    add: str
    remove: str
    resource: str
    """Parameter that names the resource."""
    source: str = "arn"
    """What it is named by: "id", or an output."""
    tags: str = "Tags"
    form: Form = _KEY_AND_VALUE
    keys: str = "TagKeys"
    keys_form: Form = list
    more: Mapping[str, Any] | None = None
    """Parameters of both calls."""


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
# Where a type's module is not the service, or its resources are tagged in several ways.
_OF_OTHERS: Final = {
    "aws:cloudwatch/logGroup:LogGroup": "logs",
    "aws:cloudwatch/eventRule:EventRule": "events",
    "aws:iam/policy:Policy": "iam policy",
    "aws:iam/role:Role": "iam role",
}


def retag(request: Request, standing: Standing) -> None:
    """Give a resource the tags that its request has.

    Raises:
        EngineError: the emulator refused.
    """
    before, after = standing.properties.get("tags", {}), request.tags
    if request.type.startswith("aws:s3/"):
        # Its call sets all tags at once.
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
