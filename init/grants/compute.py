"""What runs: functions, containers, schedules and the API."""

from init.grants.grant import Grant, Scope


def functions(scope: Scope) -> tuple[Grant, ...]:
    """Lambda functions, layers and event source mappings."""
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
        # A mapping's own ARN is a random id; the function that it feeds is named.
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
    """Images, clusters, tasks and services."""
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
        # Neither knows a resource: docs.aws.amazon.com/service-authorization, Amazon Elastic Container Service.
        Grant(
            "TaskDefinitions",
            ["*"],
            reads=["ecs:DescribeTaskDefinition"],
            changes=["ecs:DeregisterTaskDefinition"],
        ),
    )  # fmt: skip


def schedules(scope: Scope) -> tuple[Grant, ...]:
    """EventBridge rules and schedules."""
    return (
        Grant(
            "Rules",
            scope.arns("events", f"rule/{scope.prefix}-*"),
            reads=["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"],
            changes=[
                "events:DeleteRule", "events:DisableRule", "events:EnableRule", "events:PutRule", "events:PutTargets",
                "events:RemoveTargets", "events:TagResource", "events:UntagResource",
            ],
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
    """API Gateway's ARNs hold ids that it makes up. Parts inherit the API's tags, which other roles are denied by."""
    kinds = ("apikeys", "restapis", "tags", "usageplans")
    resources = [f"arn:aws:apigateway:{scope.names.region}::/{kind}{rest}" for kind in kinds for rest in ("", "/*")]
    return (
        Grant(
            "Apis",
            resources,
            reads=["apigateway:GET"],
            changes=["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"],
        ),
    )
