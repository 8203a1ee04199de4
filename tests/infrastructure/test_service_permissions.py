"""What AWS's services do for each other in this program: each call is evaluated with the policies of every stack.

The emulator lets its own services do everything, so a missing permission would appear only on AWS. The evaluator is the
emulator's IAM.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, evaluate_resource_policy, parse_policy_document

from tests.support.recording import Graph

ACCOUNT, REGION = "123456789012", "eu-west-1"
FROM_HERE = {"aws:SourceAccount": ACCOUNT}
USE_KEY = ("kms:Decrypt", "kms:GenerateDataKey")


@dataclass
class Judge:
    """The policies of one graph. It records which statements were used."""

    graph: Graph
    used: set[tuple[str, str, str]] = field(default_factory=set)
    """Policy, statement and action of each allowed call."""

    @cached_property
    def key(self) -> str:
        return f"${{{self.graph.key.name}.arn}}"

    def role_may(self, role_arn: str, action: str, resource: str, **keys: str) -> bool:
        """Return true if a role's own policies allow the call; a reference to its ARN names the role."""
        role = role_arn.removeprefix("${").removesuffix(".arn}")
        documents = {
            each.name: json.loads(each.inputs["policy"])["Statement"]
            for each in self.graph.of_type("iam/rolePolicy:RolePolicy")
            if each.inputs["role"] == f"${{{role}.name}}"
        }
        context = _context(f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/service", action, resource, keys)
        for name, statements in documents.items():
            result = evaluate(context, [parse_policy_document({"Statement": statements})])
            if result.decision == "Allow":
                self.used.add((name, result.matched_sid, action))
                return True
        return False

    def role_may_use_key(self, role_arn: str, service: str, actions: tuple[str, ...] = USE_KEY) -> bool:
        via = {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}
        return all(self.role_may(role_arn, action, self.key, **via) for action in actions)

    def service_may(self, service: str, action: str, resource: str, **keys: str) -> bool:
        """Return true if the policy of a topic, queue or key allows a service the call."""
        name, document = self.resource_policies[resource]
        # No principal of the account may replace the service.
        context = _context(f"arn:aws:sts::999999999999:assumed-role/{service}/x", action, resource, keys)
        result = evaluate_resource_policy(document, context, service=service)
        if result.decision == "Allow":
            self.used.add((name, result.matched_sid, action))
        return result.decision == "Allow"

    @cached_property
    def resource_policies(self) -> Mapping[str, tuple[str, dict[str, Any]]]:
        """Return name and document of each resource policy, by the resource's ARN."""
        found = {self.key: self.graph.key}
        found |= {each.inputs["arn"]: each for each in self.graph.of_type("sns/topicPolicy:TopicPolicy")}
        found |= {
            each.inputs["queueUrl"].replace(".url}", ".arn}").replace(".id}", ".arn}"): each
            for each in self.graph.of_type("sqs/queuePolicy:QueuePolicy")
        }
        return {arn: (each.name, json.loads(each.inputs["policy"])) for arn, each in found.items()}

    def function_admits(self, service: str, function: str, source: str) -> bool:
        return any(
            each.inputs["principal"] == service
            and each.inputs["function"] in {function.replace(".arn}", ".name}"), function}
            and each.inputs["sourceArn"].startswith(source)
            for each in self.graph.of_type("lambda/permission:Permission")
        )


def _context(principal: str, action: str, resource: str, keys: Mapping[str, str]) -> EvalContext:
    return EvalContext(
        principal, "AssumedRole", principal.split(":")[4], action, resource, REGION, secure_transport=True,
        service_context={name.lower(): value for name, value in keys.items()},
    )  # fmt: skip


def kind_of(graph: Graph, reference: str) -> str:
    """Return the type of the resource that a reference such as ${name.arn} names."""
    name = reference.removeprefix("${").partition(".")[0].removesuffix("}")
    [kind] = [each.type for each in graph.resources if each.custom and each.name == name]
    return kind


@pytest.fixture
def judge(graph: Graph) -> Judge:
    """The policies of every stack and variant in turn."""
    return Judge(graph)


def schedules_asked(judge: Judge) -> Iterator[bool]:
    """Each schedule starts its target, passes its roles, and keeps what it could not deliver."""
    graph = judge.graph
    for schedule in graph.of_type("scheduler/schedule:Schedule"):
        target = schedule.inputs["target"]
        role = target["roleArn"]
        if kind_of(graph, target["arn"]) == "aws:lambda/function:Function":
            yield judge.role_may(role, "lambda:InvokeFunction", target["arn"])
        else:
            task = target["ecsParameters"]["taskDefinitionArn"]
            yield judge.role_may(role, "ecs:RunTask", f"{task}:1", **{"ecs:cluster": target["arn"]})
            name = task.removeprefix("${").partition(".")[0]
            [definition] = [each for each in graph.of_type("ecs/taskDefinition:TaskDefinition") if each.name == name]
            for passed in ("taskRoleArn", "executionRoleArn"):
                passing = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
                yield judge.role_may(role, "iam:PassRole", definition.inputs[passed], **passing)
        yield judge.role_may(role, "sqs:SendMessage", target["deadLetterConfig"]["arn"])
        yield judge.role_may_use_key(role, "sqs")


def rules_asked(judge: Judge) -> Iterator[bool]:
    """Each rule delivers to its target, and sends what it cannot deliver to its queue."""
    graph = judge.graph
    for target in graph.of_type("cloudwatch/eventTarget:EventTarget"):
        arn, rule = target.inputs["arn"], f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{target.inputs['rule']}"
        match kind_of(graph, arn):
            case "aws:sns/topic:Topic":
                yield judge.service_may("events.amazonaws.com", "sns:Publish", arn)
            case "aws:lambda/function:Function":
                rule_arn = target.inputs["rule"].replace(".name}", ".arn}")
                yield judge.function_admits("events.amazonaws.com", arn, rule_arn)
            case "aws:sqs/queue:Queue":
                source = {"aws:SourceArn": target.inputs["rule"].replace(".name}", ".arn}")}
                yield judge.service_may("events.amazonaws.com", "sqs:SendMessage", arn, **source)
            case "aws:glue/workflow:Workflow":
                yield judge.role_may(target.inputs["roleArn"], "glue:NotifyEvent", arn)
            case other:
                pytest.fail(f"{target.name} delivers to {other}, of which this test knows no permission")
        dead_letters = target.inputs["deadLetterConfig"]["arn"]
        yield judge.service_may("events.amazonaws.com", "sqs:SendMessage", dead_letters, **{"aws:SourceArn": rule})
        for action in USE_KEY:
            yield judge.service_may("events.amazonaws.com", action, judge.key)


def alarms_asked(judge: Judge) -> Iterator[bool]:
    for alarm in judge.graph.of_type("cloudwatch/metricAlarm:MetricAlarm"):
        for topic in alarm.inputs["alarmActions"]:
            yield judge.service_may("cloudwatch.amazonaws.com", "sns:Publish", topic, **FROM_HERE)
            for action in USE_KEY:
                yield judge.service_may("cloudwatch.amazonaws.com", action, judge.key, **FROM_HERE)


LOGS_USE_OF_KEY = (
    "kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey",
)  # fmt: skip


def log_groups_asked(judge: Judge) -> Iterator[bool]:
    """CloudWatch Logs uses the key for each group."""
    for group in judge.graph.of_type("cloudwatch/logGroup:LogGroup"):
        arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group.inputs['name']}"
        for action in LOGS_USE_OF_KEY:
            context = {"kms:EncryptionContext:aws:logs:arn": arn}
            yield judge.service_may(f"logs.{REGION}.amazonaws.com", action, judge.key, **context)


def functions_asked(judge: Judge) -> Iterator[bool]:
    """Lambda reads the environment, writes logs, polls queues and sends failures, always as the function's role."""
    graph = judge.graph
    roles = {f"${{{each.name}.arn}}": each.inputs["role"] for each in graph.of_type("lambda/function:Function")}
    roles |= {reference.replace(".arn}", ".name}"): role for reference, role in roles.items()}
    for function in graph.of_type("lambda/function:Function"):
        role, group = function.inputs["role"], function.inputs["loggingConfig"]["logGroup"].replace(".name}", ".arn}")
        [logs] = [each for each in graph.of_type("cloudwatch/logGroup:LogGroup") if group in {
            f"${{{each.name}.arn}}", each.inputs["name"]}]  # fmt: skip
        yield judge.role_may_use_key(role, "lambda", ("kms:Decrypt",))
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            yield judge.role_may(role, action, f"${{{logs.name}.arn}}:log-stream:x")
        for action in ("xray:PutTraceSegments", "xray:PutTelemetryRecords"):
            yield judge.role_may(role, action, "*")
    for mapping in graph.of_type("lambda/eventSourceMapping:EventSourceMapping"):
        role, queue = roles[mapping.inputs["functionName"]], mapping.inputs["eventSourceArn"]
        for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
            yield judge.role_may(role, action, queue)
        yield judge.role_may_use_key(role, "sqs", ("kms:Decrypt",))
    for sending in graph.of_type("lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"):
        if "destinationConfig" not in sending.inputs:
            continue
        role = roles[sending.inputs["functionName"]]
        yield judge.role_may(role, "sqs:SendMessage", sending.inputs["destinationConfig"]["onFailure"]["destination"])
        yield judge.role_may_use_key(role, "sqs")
    for subscription in graph.of_type("sns/topicSubscription:TopicSubscription"):
        if subscription.inputs["protocol"] == "lambda":
            yield judge.function_admits(
                "sns.amazonaws.com", subscription.inputs["endpoint"], subscription.inputs["topic"]
            )


def flow_logs_asked(judge: Judge) -> Iterator[bool]:
    """VPC Flow Logs finds the log group and writes to it: vpc/latest/userguide/flow-logs-iam-role.html."""
    for flow in judge.graph.of_type("ec2/flowLog:FlowLog"):
        role, group = flow.inputs["iamRoleArn"], flow.inputs["logDestination"]
        # AWS evaluates it for no particular group.
        yield judge.role_may(role, "logs:DescribeLogGroups", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group::log-stream:")
        for action in ("logs:DescribeLogStreams", "logs:CreateLogStream", "logs:PutLogEvents"):
            yield judge.role_may(role, action, f"{group}:log-stream:eni-1-reject")


def trails_asked(judge: Judge) -> Iterator[bool]:
    """CloudTrail encrypts its records. test_audit checks everything else about a trail."""
    for trail in judge.graph.of_type("cloudtrail/trail:Trail"):
        arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{trail.inputs['name']}"
        context = {"aws:SourceArn": arn, "kms:EncryptionContext:aws:cloudtrail:arn": arn}
        for action in ("kms:GenerateDataKey", "kms:DescribeKey"):
            yield judge.service_may("cloudtrail.amazonaws.com", action, judge.key, **context)


def budgets_asked(judge: Judge) -> Iterator[bool]:
    """A budget notifies the topic, which is encrypted."""
    for budget in judge.graph.of_type("budgets/budget:Budget"):
        context = {**FROM_HERE, "aws:SourceArn": f"arn:aws:budgets::{ACCOUNT}:budget/{budget.inputs['name']}"}
        for notice in budget.inputs["notifications"]:
            for topic in notice["subscriberSnsTopicArns"]:
                yield judge.service_may("budgets.amazonaws.com", "sns:Publish", topic, **context)
        for action in USE_KEY:
            yield judge.service_may("budgets.amazonaws.com", action, judge.key, **context)


def test_only_this_accounts_budget_may_publish_to_the_topic(graph_of: Any) -> None:
    judge = Judge(graph_of("prod"))
    topic = judge.graph.exports["alarmTopicArn"]
    other = {"aws:SourceAccount": "999999999999", "aws:SourceArn": "arn:aws:budgets::999999999999:budget/x"}
    assert all(answers := list(budgets_asked(judge)))
    assert len(answers) > 1
    assert not judge.service_may("budgets.amazonaws.com", "sns:Publish", topic, **other)
    assert not judge.service_may("budgets.amazonaws.com", "kms:Decrypt", judge.key, **other)


ASKED = {
    "schedules": schedules_asked,
    "rules": rules_asked,
    "alarms": alarms_asked,
    "log groups": log_groups_asked,
    "functions": functions_asked,
    "flow logs": flow_logs_asked,
}


@pytest.mark.parametrize("what", ASKED)
def test_a_service_may_do_what_the_program_has_it_do(judge: Judge, what: str) -> None:
    answers = list(ASKED[what](judge))
    assert answers
    assert all(answers), [index for index, answer in enumerate(answers) if not answer]


def test_the_api_may_invoke_its_function(judge: Judge) -> None:
    functions = {each.inputs["uri"] for each in judge.graph.of_type("apigateway/integration:Integration")
                 if each.inputs["type"] == "AWS_PROXY"}  # fmt: skip
    assert functions
    for uri in functions:
        function = uri.replace(".invokeArn}", ".arn}")
        assert judge.function_admits("apigateway.amazonaws.com", function, "${")


def test_a_service_may_do_nothing_else(judge: Judge) -> None:
    # given everything that services do for the program
    for asked in (*ASKED.values(), budgets_asked, trails_asked):
        list(asked(judge))

    # then the policies of topics, queues and key, and the services' roles, allow exactly this
    granted = {
        (name, statement["Sid"], action)
        for name, document in judge.resource_policies.values()
        for statement in document["Statement"]
        if statement["Effect"] == "Allow" and "Service" in statement["Principal"]
        for action in statement["Action"]
    }
    granted |= {
        (policy.name, statement["Sid"], action)
        for policy in judge.graph.of_type("iam/rolePolicy:RolePolicy")
        if policy.inputs["role"].endswith(("-scheduler-role.name}", "-events-role.name}", "-refusals-role.name}"))
        for statement in json.loads(policy.inputs["policy"])["Statement"]
        for action in statement["Action"]
    }
    assert granted - judge.used == set()
