"""Permissions on functions, containers, schedules and the API."""

from init.grants.grant import Grant, Scope


def functions(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions on Lambda functions, layers and event source mappings."""
    functions = scope.arns("lambda", f"function:{scope.prefix}-*")
    return (
        Grant(
            "Functions",
            functions,
            reads=[
                "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConcurrency",
                "lambda:GetFunctionConfiguration", "lambda:GetFunctionEventInvokeConfig",
                "lambda:GetFunctionRecursionConfig", "lambda:GetPolicy", "lambda:GetRuntimeManagementConfig",
                "lambda:ListTags", "lambda:ListVersionsByFunction",
            ],
            changes=[
                "lambda:AddPermission", "lambda:CreateFunction", "lambda:DeleteFunction",
                "lambda:DeleteFunctionConcurrency", "lambda:DeleteFunctionEventInvokeConfig", "lambda:PublishVersion",
                "lambda:PutFunctionConcurrency", "lambda:PutFunctionEventInvokeConfig", "lambda:RemovePermission",
                "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionEventInvokeConfig",
            ],
        ),
        Grant(
            "Layers",
            scope.arns("lambda", f"layer:{scope.prefix}-*"),
            reads=["lambda:GetLayerVersion"],
            changes=["lambda:DeleteLayerVersion", "lambda:PublishLayerVersion"],
        ),
        # A mapping's own ARN is a random id, so the condition names the function that it feeds.
        Grant(
            "Mappings",
            ["*"],
            reads=["lambda:GetEventSourceMapping"],
            changes=[
                "lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping",
            ],
            condition={"ArnLike": {"lambda:FunctionArn": functions}},
        ),
        Grant(
            "MappingsTags",
            scope.arns("lambda", "event-source-mapping:*"),
            reads=["lambda:ListTags"],
            changes=["lambda:TagResource", "lambda:UntagResource"],
        ),
    )  # fmt: skip


def containers(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions on images, clusters, tasks and services."""
    return (
        Grant(
            "Images",
            scope.arns("ecr", f"repository/{scope.prefix}-*"),
            reads=[
                "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories", "ecr:GetLifecyclePolicy",
                "ecr:GetRepositoryPolicy", "ecr:ListTagsForResource",
            ],
            changes=[
                "ecr:BatchCheckLayerAvailability", "ecr:BatchDeleteImage", "ecr:CompleteLayerUpload",
                "ecr:CreateRepository", "ecr:DeleteLifecyclePolicy", "ecr:DeleteRepository",
                "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:ListImages", "ecr:PutImage",
                "ecr:PutImageScanningConfiguration", "ecr:PutImageTagMutability", "ecr:PutLifecyclePolicy",
                "ecr:TagResource", "ecr:UntagResource", "ecr:UploadLayerPart",
            ],
        ),
        Grant("RegistryLogin", ["*"], reads=["ecr:GetAuthorizationToken"]),
        Grant(
            "Clusters",
            scope.arns(
                "ecs", f"cluster/{scope.prefix}-*", f"service/{scope.prefix}-*", f"task-definition/{scope.prefix}-*"
            ),
            reads=["ecs:DescribeClusters", "ecs:DescribeServices", "ecs:ListTagsForResource"],
            changes=[
                "ecs:CreateCluster", "ecs:CreateService", "ecs:DeleteCluster", "ecs:DeleteService",
                "ecs:PutClusterCapacityProviders", "ecs:RegisterTaskDefinition", "ecs:TagResource", "ecs:UntagResource",
                "ecs:UpdateCluster", "ecs:UpdateClusterSettings", "ecs:UpdateService",
            ],
        ),
        # Neither action supports resources: docs.aws.amazon.com/service-authorization, Amazon Elastic Container
        # Service.
        Grant(
            "TaskDefinitions",
            ["*"],
            reads=["ecs:DescribeTaskDefinition"],
            changes=["ecs:DeregisterTaskDefinition"],
        ),
    )  # fmt: skip


def schedules(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions on EventBridge rules and schedules."""
    return (
        Grant(
            "Rules",
            scope.arns("events", f"rule/{scope.prefix}-*"),
            reads=["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"],
            changes=[
                "events:DeleteRule", "events:DisableRule", "events:EnableRule", "events:PutRule",
                "events:RemoveTargets", "events:TagResource", "events:UntagResource",
            ],
        ),
        # To an encrypted topic, EventBridge does not prove for which account it publishes. So this checks that each
        # target is the stack's.
        Grant(
            "RulesTargetTheStack",
            scope.arns("events", f"rule/{scope.prefix}-*"),
            changes=["events:PutTargets"],
            condition={"ForAllValues:ArnLike": {"events:TargetArn": scope.arns("*", f"*{scope.prefix}-*")}},
        ),
        Grant(
            "Schedules",
            scope.arns("scheduler", f"schedule-group/{scope.prefix}-*", f"schedule/{scope.prefix}-*"),
            reads=["scheduler:GetSchedule", "scheduler:GetScheduleGroup", "scheduler:ListTagsForResource"],
            changes=[
                "scheduler:CreateSchedule", "scheduler:CreateScheduleGroup", "scheduler:DeleteSchedule",
                "scheduler:DeleteScheduleGroup", "scheduler:TagResource", "scheduler:UntagResource",
                "scheduler:UpdateSchedule",
            ],
        ),
    )  # fmt: skip


def api(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions on the API. API Gateway's ARNs contain generated ids, so the tag of the API decides.

    The parts of an API inherit its tag. Nobody may list API keys, because a list includes their values and has no tag.
    """

    def paths(*paths: str) -> list[str]:
        return [f"arn:aws:apigateway:{scope.names.region}::/{path}" for path in paths]

    every_change = ["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"]
    return (
        Grant(
            "ApisAreMade",
            paths("apikeys", "restapis", "usageplans"),
            changes=["apigateway:POST"],
            condition=scope.tagging,
        ),
        Grant("Apis", paths("restapis/*"), reads=["apigateway:GET"], changes=every_change, condition=scope.tagged),
        # The answer about a usage plan includes the values of its keys.
        Grant(
            "ApiKeys",
            paths("apikeys/*", "usageplans/*"),
            secrets=["apigateway:GET"],
            changes=every_change,
            condition=scope.tagged,
        ),
        # Tagging needs this permission on a resource without tags, and PATCH on the tagged resource.
        Grant(
            "ApisAreTagged",
            paths("tags/*"),
            reads=["apigateway:GET"],
            changes=["apigateway:PUT"],
            condition={"StringEqualsIfExists": scope.tagging["StringEquals"]},
        ),
    )
