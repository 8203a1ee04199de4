"""CloudTrail trails and AWS Budgets."""

from typing import Any, Final

from emulation.pulumi_engine.handler import Created, Handler, Request, Standing, removes

_TRAIL: Final = (
    "cloudWatchLogsRoleArn",
    "enableLogFileValidation",
    "includeGlobalServiceEvents",
    "isMultiRegionTrail",
    "kmsKeyId",
    "s3BucketName",
)
_BUDGET: Final = ("budgetType", "limitAmount", "limitUnit", "timeUnit")


def _create_trail(request: Request) -> Created:
    name = request.inputs["name"]
    trail = request.call("cloudtrail", "create_trail", Name=name, TagsList=request.tag_list, **_trail(request))
    _select_events(request, name)
    request.call("cloudtrail", "start_logging", Name=name)
    return Created(trail["TrailARN"], {"arn": trail["TrailARN"]})


def _update_trail(request: Request, standing: Standing) -> None:
    request.call("cloudtrail", "update_trail", Name=standing.id, **_trail(request))
    _select_events(request, standing.id)


def _trail(request: Request) -> dict[str, Any]:
    renames = {"enableLogFileValidation": "EnableLogFileValidation"}
    return {
        **request.pascal(*_TRAIL, renames=renames),
        "CloudWatchLogsLogGroupArn": request.inputs.get("cloudWatchLogsGroupArn"),
    }


def _select_events(request: Request, trail: str) -> None:
    selectors = [
        {"Name": selector["name"], "FieldSelectors": [_field(field) for field in selector["fieldSelectors"]]}
        for selector in request.inputs.get("advancedEventSelectors", [])
    ]
    if selectors:
        request.call("cloudtrail", "put_event_selectors", TrailName=trail, AdvancedEventSelectors=selectors)


def _field(selector: dict[str, Any]) -> dict[str, Any]:
    names = {"field": "Field", "equals": "Equals", "startsWiths": "StartsWith"}
    return {names[name]: value for name, value in selector.items()}


def _create_budget(request: Request) -> Created:
    notifications = [
        {
            "Notification": {
                "NotificationType": each["notificationType"],
                "ComparisonOperator": each["comparisonOperator"],
                "Threshold": each["threshold"],
                "ThresholdType": each["thresholdType"],
            },
            "Subscribers": [
                {"SubscriptionType": "SNS", "Address": topic} for topic in each.get("subscriberSnsTopicArns", [])
            ],
        }
        for each in request.inputs.get("notifications", [])
    ]
    request.call(
        "budgets",
        "create_budget",
        AccountId=request.account,
        Budget=_budget(request),
        NotificationsWithSubscribers=notifications,
    )
    name = request.inputs["name"]
    arn = f"arn:aws:budgets::{request.account}:budget/{name}"
    return Created(f"{request.account}:{name}", {"arn": arn, "accountId": request.account})


def _update_budget(request: Request, _standing: Standing) -> None:
    request.call("budgets", "update_budget", AccountId=request.account, NewBudget=_budget(request))


def _budget(request: Request) -> dict[str, Any]:
    inputs = request.inputs
    return {
        "BudgetName": inputs["name"],
        "BudgetType": inputs["budgetType"],
        "BudgetLimit": {"Amount": inputs["limitAmount"], "Unit": inputs["limitUnit"]},
        "TimeUnit": inputs["timeUnit"],
    }


HANDLERS: Final = {
    "aws:cloudtrail/trail:Trail": Handler(
        _create_trail,
        accepts=("name", "advancedEventSelectors", "cloudWatchLogsGroupArn", "tags", *_TRAIL),
        update=_update_trail,
        delete=removes("cloudtrail", "delete_trail", Name="id"),
    ),
    "aws:budgets/budget:Budget": Handler(
        _create_budget,
        accepts=("name", "notifications", *_BUDGET),
        update=_update_budget,
        unchangeable=("notifications",),
        delete=removes("budgets", "delete_budget", AccountId="accountId", BudgetName="name"),
    ),
}
