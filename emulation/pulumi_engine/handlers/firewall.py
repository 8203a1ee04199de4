"""AWS WAF: web ACLs and their associations."""

from typing import Any, Final

from emulation.pulumi_engine.handler import Created, Handler, Request, Standing

_ACL: Final = ("defaultAction", "description", "rules", "visibilityConfig")
_RENAMES: Final = {"cloudwatchMetricsEnabled": "CloudWatchMetricsEnabled"}


def _create_acl(request: Request) -> Created:
    summary = request.call(
        "wafv2",
        "create_web_acl",
        Tags=request.tag_list or None,
        **request.pascal("name", "scope"),
        **request.pascal(*_ACL, renames=_RENAMES),
    )["Summary"]
    return Created(summary["Id"], {"arn": summary["ARN"]})


def _update_acl(request: Request, standing: Standing) -> None:
    request.call("wafv2", "update_web_acl", **_locked(request, standing), **request.pascal(*_ACL, renames=_RENAMES))


def _delete_acl(request: Request, standing: Standing) -> None:
    request.call("wafv2", "delete_web_acl", **_locked(request, standing))


def _locked(request: Request, standing: Standing) -> dict[str, Any]:
    """Return the parameters that identify a web ACL, with the token that WAF requires for a change."""
    which = {"Name": standing.properties["name"], "Scope": standing.properties["scope"], "Id": standing.id}
    return {**which, "LockToken": request.call("wafv2", "get_web_acl", **which)["LockToken"]}


def _associate(request: Request) -> Created:
    resource, acl = request.inputs["resourceArn"], request.inputs["webAclArn"]
    request.call("wafv2", "associate_web_acl", ResourceArn=resource, WebACLArn=acl)
    return Created(f"{acl},{resource}")


def _disassociate(request: Request, standing: Standing) -> None:
    request.call("wafv2", "disassociate_web_acl", ResourceArn=standing.properties["resourceArn"])


HANDLERS: Final = {
    "aws:wafv2/webAcl:WebAcl": Handler(
        _create_acl, accepts=("name", "scope", "tags", *_ACL), update=_update_acl, delete=_delete_acl
    ),
    "aws:wafv2/webAclAssociation:WebAclAssociation": Handler(
        _associate, accepts=("resourceArn", "webAclArn"), delete=_disassociate
    ),
}
