"""The permissions that a platform's recorded run does not use, with reasons."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unexercised:
    """Some actions of a role's statement. "*" stands for any role."""

    role: str
    statement: str
    actions: tuple[str, ...]
    reason: str

    def covers(self, role: str, statement: str, action: str) -> bool:
        return self.role in {"*", role} and self.statement == statement and action in self.actions


_SERVICES = (
    "a service's own call, judged on the policies of every stack in tests/infrastructure/test_service_permissions.py"
)
_LOGS = "Lambda, Glue and Fargate write logs in the role's name, the emulator in its own; judged there as well"
_BATCH = "AWS asks for this action when messages are sent in a batch; the emulator asks for one of its own"
_KEY = ("kms:Decrypt", "kms:GenerateDataKey")

UNEXERCISED = (
    Unexercised("*", "Trace", ("xray:PutTraceSegments", "xray:PutTelemetryRecords"), "the emulator traces nothing"),
    Unexercised("*", "WriteLogs", ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"), _LOGS),
    Unexercised(
        "*",
        "WriteTableFiles",
        ("s3:AbortMultipartUpload",),
        "Arrow aborts an upload of which S3 refuses a part; only a large file has several",
    ),
    Unexercised("collector-scheduler", "StartCollector", ("lambda:InvokeFunction",), _SERVICES),
    Unexercised("collector-scheduler", "SendFailures", ("sqs:SendMessage",), _SERVICES),
    Unexercised("collector-scheduler", "EncryptFailures", _KEY, _SERVICES),
    Unexercised("extraction-scheduler", "StartTask", ("ecs:RunTask",), _SERVICES),
    Unexercised("extraction-scheduler", "GiveTaskItsRoles", ("iam:PassRole",), _SERVICES),
    Unexercised("extraction-scheduler", "SendFailures", ("sqs:SendMessage",), _SERVICES),
    Unexercised("extraction-scheduler", "EncryptFailures", _KEY, _SERVICES),
    Unexercised("jobs-events", "NotifyWorkflow", ("glue:NotifyEvent",), _SERVICES),
    Unexercised(
        "network-refusals",
        "WriteFlowLogs",
        ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
        "the network's flow log is written in the role's name; no packet flows here",
    ),
    Unexercised("network-refusals", "FindLogGroup", ("logs:DescribeLogGroups",), _SERVICES),
    Unexercised(
        "stream-batcher",
        "TakeMessages",
        ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
        "Lambda polls the queue in the role's name, the emulator in its own; judged there as well",
    ),
    Unexercised("stream-receiver", "Enqueue", ("sqs:SendMessage",), _BATCH),
    Unexercised("stream-batcher", "SendDeadLetters", ("sqs:SendMessage",), _BATCH),
    Unexercised(
        "datasets-freshness",
        "UseKey",
        ("kms:GenerateDataKey",),
        "every function may use the key; this one writes nothing",
    ),
    Unexercised(
        "attributes-recorder",
        "LearnOfDeletedObjects",
        ("s3:ListBucket",),
        "S3 asks for it to answer 404; judged in tests/infrastructure/test_lake_requests.py",
    ),
    Unexercised(
        "forwarder-function",
        "UseKey",
        ("kms:GenerateDataKey",),
        "every function may use the key; this one writes nothing",
    ),
    Unexercised(
        "forwarder-function",
        "DecryptGivenParameters",
        ("kms:Decrypt",),
        "the emulator has no key aws/ssm; judged in tests/infrastructure/test_boundary.py",
    ),
    Unexercised(
        "attributes-recorder",
        "TakeMessages",
        ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
        "Lambda polls the queue in the role's name, the emulator in its own; judged there as well",
    ),
    Unexercised(
        "attributes-recorder",
        "UseKey",
        ("kms:GenerateDataKey",),
        "every function may use the key; this one writes to no bucket and no queue",
    ),
    Unexercised("collector-sftp", "SendFailures", ("sqs:SendMessage",), _SERVICES),
    Unexercised("extraction-execution", "LogInToRegistry", ("ecr:GetAuthorizationToken",), "no containers run here"),
    Unexercised(
        "extraction-execution",
        "PullImage",
        ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
        "no containers run here",
    ),
)


def is_listed(role: str, statement: str, action: str) -> bool:
    return any(entry.covers(role, statement, action) for entry in UNEXERCISED)
