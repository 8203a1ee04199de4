"""What a role of dev could do to resources of prod. Each is tried on dev's own, too, which shows that it is judged."""

from dataclasses import dataclass, field
from typing import Final

from init.escalations.judge import DEPLOY, DRIFT, MADE, PREVIEW, Keys, Role


@dataclass(frozen=True, slots=True)
class Reach:
    """One way: each action has to be denied on prod's resource."""

    roles: tuple[Role, ...]
    what: str
    actions: tuple[str, ...]
    resource: str
    """ARN, with {account}, {region} and {stack}."""
    tagged: bool = False
    """Whether AWS sends the resource's tags, and they decide. Where it is not, the name has to."""
    keys: Keys = field(default_factory=dict[str, str])
    """Other condition keys, their values with the same."""


_PREFIX: Final = "data-platform-{stack}"
_LAMBDA: Final = "arn:aws:lambda:{region}:{account}:function:" + _PREFIX + "-x"
_ROLE: Final = "arn:aws:iam::{account}:role/" + _PREFIX + "-x"
_TO_LAMBDA: Final = {"iam:PassedToService": "lambda.amazonaws.com"}
_RULE: Final = "arn:aws:events:{region}:{account}:rule/data-platform-dev-x"
_RETAGGED: Final = {"aws:RequestTag/stack": "dev"}
_BOUNDARY: Final = {"iam:PermissionsBoundary": "arn:aws:iam::{account}:policy/data-platform-boundary-{stack}"}
_STATE: Final = "arn:aws:s3:::acme-state/.pulumi/stacks/data-platform/{stack}.json"
_ALARMING: Final = {"cloudwatch:AlarmActions": "arn:aws:sns:{region}:{account}:" + _PREFIX + "-x"}
_TO_QUEUE: Final = {"events:TargetArn": "arn:aws:sqs:{region}:{account}:" + _PREFIX + "-x"}


def _of(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{{region}}:{{account}}:{resource}"


REACHES: Final = (
    Reach((DEPLOY, MADE), "pass its role to a service", ("iam:PassRole",), _ROLE, keys=_TO_LAMBDA),
    Reach((DEPLOY,), "create or change its roles", ("iam:CreateRole", "iam:PutRolePolicy"), _ROLE, keys=_BOUNDARY),
    Reach((DEPLOY,), "change the trust or tags of its roles", ("iam:UpdateAssumeRolePolicy", "iam:TagRole"), _ROLE),
    Reach((MADE,), "assume its roles", ("sts:AssumeRole",), _ROLE),
    Reach(
        (DEPLOY,),
        "change its functions or their callers",
        ("lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:AddPermission"),
        _LAMBDA,
    ),
    Reach((MADE,), "invoke its functions", ("lambda:InvokeFunction",), _LAMBDA),
    Reach(
        (DEPLOY,),
        "connect another event source to its functions",
        ("lambda:CreateEventSourceMapping",),
        "*",
        keys={"lambda:FunctionArn": _LAMBDA},
    ),
    Reach((DEPLOY,), "change its jobs", ("glue:CreateJob", "glue:UpdateJob"), _of("glue", f"job/{_PREFIX}-x")),
    Reach((MADE,), "start its jobs", ("glue:StartJobRun",), _of("glue", f"job/{_PREFIX}-x")),
    Reach(
        (DEPLOY,),
        "change its task definitions",
        ("ecs:RegisterTaskDefinition",),
        _of("ecs", f"task-definition/{_PREFIX}-x"),
    ),
    Reach((DEPLOY,), "change its services", ("ecs:UpdateService",), _of("ecs", f"service/{_PREFIX}-x/x")),
    Reach((MADE,), "run its tasks", ("ecs:RunTask",), _of("ecs", f"task-definition/{_PREFIX}-x:1")),
    Reach((DEPLOY,), "replace its images", ("ecr:PutImage",), _of("ecr", f"repository/{_PREFIX}-x")),
    Reach((DEPLOY,), "change its rules", ("events:PutRule", "events:PutTargets"), _of("events", f"rule/{_PREFIX}-x")),
    Reach((DEPLOY,), "send events of a rule of dev to its queue", ("events:PutTargets",), _RULE, keys=_TO_QUEUE),
    Reach(
        (DEPLOY,),
        "change its schedules",
        ("scheduler:CreateSchedule", "scheduler:UpdateSchedule"),
        _of("scheduler", f"schedule/{_PREFIX}-x/x"),
    ),
    Reach(
        (DEPLOY,),
        "send alarms of dev to its topic",
        ("cloudwatch:PutMetricAlarm",),
        _of("cloudwatch", "alarm:data-platform-dev-x"),
        keys=_ALARMING,
    ),
    Reach(
        (DEPLOY,),
        "change its parameters",
        ("ssm:PutParameter", "ssm:AddTagsToResource"),
        _of("ssm", "parameter/data-platform/{stack}/x"),
    ),
    Reach(
        (DEPLOY, DRIFT, MADE),
        "read its parameters",
        ("ssm:GetParameter",),
        _of("ssm", "parameter/data-platform/{stack}/x"),
    ),
    Reach(
        (MADE,),
        "read the parameters that were given to it",
        ("ssm:GetParameter",),
        _of("ssm", "parameter/x"),
        tagged=True,
    ),
    Reach((DEPLOY, DRIFT, MADE), "decrypt with its keys", ("kms:Decrypt",), _of("kms", "key/x"), tagged=True),
    Reach((DEPLOY,), "change its keys", ("kms:PutKeyPolicy", "kms:CreateAlias"), _of("kms", "key/x"), tagged=True),
    Reach((DEPLOY,), "tag its keys as dev's", ("kms:TagResource",), _of("kms", "key/x"), tagged=True, keys=_RETAGGED),
    Reach((DEPLOY, DRIFT, PREVIEW), "read its state", ("s3:GetObject",), _STATE),
    Reach((DEPLOY,), "write its state", ("s3:PutObject", "s3:DeleteObject"), _STATE),
    Reach(
        (DEPLOY, DRIFT, PREVIEW),
        "decrypt the secrets in its state",
        ("kms:Decrypt",),
        "arn:aws:kms:{region}:{account}:key/secrets-{stack}",
    ),
    Reach(
        (DEPLOY,),
        "change its buckets, or their tags",
        ("s3:PutBucketPolicy", "s3:PutBucketTagging", "s3:PutBucketNotification"),
        f"arn:aws:s3:::{_PREFIX}-x",
    ),
    Reach((DEPLOY,), "change its code", ("s3:PutObject", "s3:PutObjectTagging"), f"arn:aws:s3:::{_PREFIX}-x/code/x"),
    Reach((MADE,), "read and write its lake", ("s3:GetObject", "s3:PutObject"), f"arn:aws:s3:::{_PREFIX}-x/x"),
    Reach(
        (MADE,),
        "read and write its tables",
        ("dynamodb:GetItem", "dynamodb:PutItem"),
        _of("dynamodb", f"table/{_PREFIX}-x"),
    ),
    Reach(
        (DEPLOY,),
        "change its tables, or their tags",
        ("dynamodb:UpdateTable", "dynamodb:UntagResource"),
        _of("dynamodb", f"table/{_PREFIX}-x"),
    ),
    Reach((MADE,), "read and fill its queues", ("sqs:ReceiveMessage", "sqs:SendMessage"), _of("sqs", f"{_PREFIX}-x")),
    Reach((MADE,), "publish to its topics", ("sns:Publish",), _of("sns", f"{_PREFIX}-x")),
    Reach((MADE,), "query in its workgroups", ("athena:StartQueryExecution",), _of("athena", f"workgroup/{_PREFIX}-x")),
    Reach((MADE,), "read its catalogue", ("glue:GetTable",), _of("glue", "table/data_platform_{stack}_x/x")),
    Reach(
        (MADE,),
        "create or change its published tables",
        ("glue:CreateTable", "glue:UpdateTable"),
        _of("glue", "table/data_platform_{stack}_x/x"),
    ),
    Reach(
        (MADE,),
        "delete the files of its published tables",
        ("s3:DeleteObject",),
        f"arn:aws:s3:::{_PREFIX}-x/tables/x/data/x.parquet",
    ),
    Reach((MADE,), "write into its logs", ("logs:PutLogEvents",), _of("logs", f"log-group:/{_PREFIX}-x:log-stream:x")),
    Reach((MADE,), "publish its metrics", ("cloudwatch:PutMetricData",), "*", keys={"cloudwatch:namespace": _PREFIX}),
    Reach((MADE,), "use its network", ("ec2:CreateNetworkInterface",), _of("ec2", "subnet/x"), tagged=True),
    Reach(
        (DEPLOY,),
        "change its routes, or their tags",
        ("ec2:CreateRoute", "ec2:DeleteTags"),
        _of("ec2", "route-table/x"),
        tagged=True,
    ),
    Reach(
        (DEPLOY,),
        "open its security groups",
        ("ec2:AuthorizeSecurityGroupIngress",),
        _of("ec2", "security-group/x"),
        tagged=True,
    ),
    Reach((DEPLOY,), "tag its network as dev's", ("ec2:CreateTags",), _of("ec2", "vpc/x"), tagged=True, keys=_RETAGGED),
    Reach(
        (DEPLOY, DRIFT),
        "read the values of its API keys",
        ("apigateway:GET",),
        "arn:aws:apigateway:{region}::/apikeys/x",
        tagged=True,
    ),
    Reach(
        (DEPLOY, PREVIEW), "read its API", ("apigateway:GET",), "arn:aws:apigateway:{region}::/restapis/x", tagged=True
    ),
    Reach(
        (DEPLOY,),
        "change its API, or its tags",
        ("apigateway:PATCH", "apigateway:PUT"),
        "arn:aws:apigateway:{region}::/restapis/x",
        tagged=True,
    ),
)
