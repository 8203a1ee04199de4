"""The permissions boundary: the limit of every role of the platform, whatever policy a deployment gives it."""

from init.documents import Document, allow, deny_other_stacks, document
from init.names import PROJECT, Names


def boundary_document(names: Names, stack: str) -> Document:
    """Return the boundary of a stack's roles, including those of teams. It allows access to no other stack.

    A test compares it with the permissions of the program's roles.
    """
    prefix = f"{PROJECT}-{stack}"
    databases = (f"{prefix.replace('-', '_')}_*", "default")

    def arns(service: str, *resources: str) -> list[str]:
        return [f"arn:aws:{service}:{names.region}:{names.account}:{each}" for each in resources]

    return document(
        deny_other_stacks(stack),
        allow(
            "Lake",
            [
                "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetBucketLocation", "s3:GetObject",
                "s3:GetObjectTagging", "s3:ListBucket", "s3:ListBucketMultipartUploads",
                "s3:ListMultipartUploadParts", "s3:PutObject", "s3:PutObjectTagging",
            ],
            [f"arn:aws:s3:::{prefix}-*"],
            # A bucket's name does not prove its owner.
            {"StringEquals": {"aws:ResourceAccount": names.account}},
        ),
        allow(
            "Key",
            ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
            arns("kms", "key/*"),
            {"StringEquals": {"aws:ResourceTag/stack": stack}},
        ),
        allow(
            "DecryptGivenParameters",
            ["kms:Decrypt"],
            arns("kms", "key/*"),
            {
                "StringEquals": {"kms:ViaService": f"ssm.{names.region}.amazonaws.com"},
                "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/aws/ssm"},
            },
        ),
        allow(
            "Tables",
            [
                "dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem",
                "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem",
            ],
            arns("dynamodb", f"table/{prefix}-*"),
        ),
        allow(
            "Messages",
            [
                "events:PutEvents", "lambda:InvokeFunction", "sns:Publish", "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage",
            ],
            [
                *arns("sqs", f"{prefix}-*"),
                *arns("sns", f"{prefix}-*"),
                *arns("lambda", f"function:{prefix}-*"),
                *arns("events", f"event-bus/{prefix}-*"),
            ],
        ),
        allow(
            "Queries",
            [
                "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetQueryResultsStream",
                "athena:GetWorkGroup", "athena:ListQueryExecutions", "athena:StartQueryExecution",
                "athena:StopQueryExecution",
            ],
            arns("athena", f"workgroup/{prefix}-*"),
        ),
        allow(
            "Catalogue",
            [
                "glue:CreateTable", "glue:GetDatabase", "glue:GetDatabases", "glue:GetJobRun", "glue:GetPartition",
                "glue:GetPartitions", "glue:GetTable", "glue:GetTables", "glue:NotifyEvent", "glue:StartJobRun",
                "glue:UpdateTable",
            ],
            arns(
                "glue",
                "catalog",
                *(f"database/{each}" for each in databases),
                *(f"table/{each}/*" for each in databases),
                *(f"{kind}/{prefix}-*" for kind in ("job", "workflow")),
            ),
        ),
        allow(
            "Parameters", ["ssm:GetParameter", "ssm:GetParameters"], arns("ssm", f"parameter/{PROJECT}/{stack}/*")
        ),
        # A parameter that a person stored under any name, if the person gave it the stack's tag.
        allow(
            "GivenParameters",
            ["ssm:GetParameter"],
            arns("ssm", "parameter/*"),
            {"StringEquals": {"aws:ResourceTag/stack": stack}},
        ),
        allow(
            "Tasks",
            ["ecs:DescribeTasks", "ecs:RunTask", "ecs:StopTask"],
            arns("ecs", f"task-definition/{prefix}-*", f"task/{prefix}-*"),
        ),
        # A function in the network uses its own role to create its interfaces. None of these actions supports resources
        # at creation: docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
        allow(
            "Interfaces",
            [
                "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
                "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
            ],
            ["*"],
        ),
        allow("RolesArePassed", ["iam:PassRole"], [names.arn_of_role(f"{prefix}-*")]),
        allow(
            "Logs", ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            arns("logs", f"log-group:/{prefix}-*", "log-group:/aws-glue/*"),
        ),
        allow(
            "Images",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            arns("ecr", f"repository/{prefix}-*"),
        ),
        # None of these actions supports resources.
        allow(
            "Measurements",
            [
                "ecr:GetAuthorizationToken", "logs:DescribeLogGroups", "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            ],
            ["*"],
        ),
        allow(
            "Metrics",
            ["cloudwatch:PutMetricData"],
            ["*"],
            {"StringEquals": {"cloudwatch:namespace": ["Glue", prefix]}},
        ),
    )  # fmt: skip
