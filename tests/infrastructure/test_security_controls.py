"""The security controls of the graph, by name."""

import json
from typing import Any

from tests.support.recording import Graph

# Actions without resources, each with AWS's page about it.
ANY_RESOURCE_ALLOWED = {
    "xray:PutTraceSegments",  # service-authorization/latest/reference/list_awsx-ray.html
    "xray:PutTelemetryRecords",
    "ecr:GetAuthorizationToken",  # AmazonECR/latest/userguide/registry_auth.html
    "logs:DescribeLogGroups",  # vpc/latest/userguide/flow-logs-iam-role.html
    "cloudwatch:PutMetricData",  # service-authorization/latest/reference/list_amazoncloudwatch.html
}
# What Lambda does for a function in a network: lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
ANY_RESOURCE_ALLOWED_IN_A_NETWORK = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_no_policy_allows_a_wildcard_action(graph: Graph) -> None:
    wild = [
        (where, action)
        for where, statements in graph.policies().items()
        for statement in statements
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
        if "*" in action
    ]
    assert wild == []


def test_no_identity_policy_allows_more_resources_than_needed(graph: Graph) -> None:
    wide = {
        action
        for where, statements in graph.policies().items()
        if "-key." not in where  # a key policy's resource is the key itself
        for statement in statements
        if statement["Effect"] == "Allow" and statement.get("Resource") in ("*", ["*"])
        for action in listed(statement["Action"])
    }
    in_network = any("vpcConfig" in each.inputs for each in graph.of_type("lambda/function:Function"))
    assert wide == ANY_RESOURCE_ALLOWED | (ANY_RESOURCE_ALLOWED_IN_A_NETWORK if in_network else set())


def test_no_policy_trusts_everyone(graph: Graph) -> None:
    open_to_all = [
        where
        for where, statements in graph.policies().items()
        for statement in statements
        if statement["Effect"] == "Allow" and statement.get("Principal") in ("*", {"AWS": "*"})
    ]

    # then an endpoint allows it, which grants nothing; test_network.py judges the endpoints
    endpoints = {f"{each.name}.policy" for each in graph.of_type("ec2/vpcEndpoint:VpcEndpoint")}
    assert set(open_to_all) - endpoints == set()


def test_bucket_is_encrypted_with_the_platforms_key_by_default(graph: Graph) -> None:
    rule = graph.only(
        "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "-encryption"
    ).inputs["rules"][0]
    key = graph.key
    assert rule["applyServerSideEncryptionByDefault"] == {
        "sseAlgorithm": "aws:kms",
        "kmsMasterKeyId": f"${{{key.name}.arn}}",
    }
    assert rule["bucketKeyEnabled"] is True


def test_every_key_rotates(graph: Graph) -> None:
    assert all(key.inputs["enableKeyRotation"] for key in graph.of_type("kms/key:Key"))


def test_the_bucket_blocks_all_public_access(graph: Graph) -> None:
    block = graph.only("s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "-public-access-block").inputs
    switches = {"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"}
    assert {switch for switch in switches if block[switch]} == switches


def test_the_bucket_keeps_versions(graph: Graph) -> None:
    assert graph.only("s3/bucketVersioning:BucketVersioning", "-versioning").inputs["versioningConfiguration"] == {
        "status": "Enabled"
    }


def test_the_bucket_refuses_plain_http_on_aws(cloud_graph: Graph) -> None:
    policy = graph_statements(cloud_graph, f"{cloud_graph.stack}-policy.policy", "DenyPlainHttp")
    assert policy["Effect"] == "Deny"
    assert policy["Principal"] == "*"
    assert policy["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_collector_writes_only_its_datasets_inbound_prefixes(graph: Graph) -> None:
    statement = graph_statements(graph, "-collector-sftp-permissions.policy", "LandFiles")
    bucket = graph.only("s3/bucket:Bucket", "-bucket").name
    assert statement["Resource"] == [f"${{{bucket}.arn}}/inbound/parcels/*"]


def test_the_collector_reads_nothing_of_the_lake(graph: Graph) -> None:
    actions = {
        action
        for statement in graph.policies()[f"data-platform-{graph.stack}-collector-sftp-permissions.policy"]
        for action in listed(statement["Action"])
    }
    assert actions.isdisjoint({"s3:GetObject", "s3:ListBucket", "s3:DeleteObject"})


def test_a_team_reads_its_own_reports_only(graph: Graph) -> None:
    bucket = graph.only("s3/bucket:Bucket", "-bucket").name
    for team in ("accounts", "logistics"):
        policy = f"data-platform-{graph.stack}-{team}-reads-its-reports.policy"
        read = graph_statements(graph, policy, "ReadReports")
        listing = graph_statements(graph, policy, "ListReports")
        assert read["Resource"] == [f"${{{bucket}.arn}}/mart/{team}/reports/*"]
        assert listing["Condition"] == {"StringLike": {"s3:prefix": [f"mart/{team}/reports/*"]}}


def test_only_principals_with_the_teams_tag_assume_its_role(cloud_stack_graph: Graph) -> None:
    for team in ("accounts", "logistics"):
        trust = cloud_stack_graph.policies()[f"data-platform-{cloud_stack_graph.stack}-{team}-role.assumeRolePolicy"]
        assert [statement["Condition"] for statement in trust] == [{"StringEquals": {"aws:PrincipalTag/team": team}}]


def test_job_roles_are_assumed_by_glue_alone_on_aws(cloud_graph: Graph) -> None:
    jobs = cloud_graph.of_type("glue/job:Job")
    assert jobs
    for job in jobs:
        trust = cloud_graph.policies()[f"{job.name}-role.assumeRolePolicy"]
        assert [statement["Principal"] for statement in trust] == [{"Service": "glue.amazonaws.com"}]


def test_client_key_is_a_secure_string_under_the_platforms_key(graph: Graph) -> None:
    parameters = [each for each in graph.of_type("ssm/parameter:Parameter") if each.name.endswith("-client-key")]
    assert parameters
    for parameter in parameters:
        assert parameter.inputs["type"] == "SecureString"
        assert parameter.inputs["keyId"] == f"${{{graph.key.name}.arn}}"
        assert "value" in parameter.secret_inputs


def test_no_secret_in_function_environments_or_job_arguments(graph: Graph) -> None:
    for resource in (*graph.of_type("lambda/function:Function"), *graph.of_type("glue/job:Job")):
        assert resource.secret_inputs == frozenset()
        assert "privateKey" not in str(resource.inputs)


def test_the_client_key_is_rsa_of_at_least_3072_bits(graph: Graph) -> None:
    keys = [resource for resource in graph.resources if resource.type == "tls:index/privateKey:PrivateKey"]
    assert keys
    assert all(key.inputs["algorithm"] == "RSA" and key.inputs["rsaBits"] >= 3072 for key in keys)


def test_eventbridge_may_publish_to_the_encrypted_topic(graph: Graph) -> None:
    # A condition on the source account would silence it: EventBridge sends none to a topic or a key.
    publish = graph_statements(graph, "-alarms-policy.policy", "EventsAreDelivered")
    use_key = graph_statements(graph, "-key.policy", "EventsAreDelivered")
    assert publish["Action"] == ["sns:Publish"]
    assert set(use_key["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert "Condition" not in publish
    assert "Condition" not in use_key


def test_only_this_accounts_rules_send_undelivered_events(graph: Graph) -> None:
    statement = graph_statements(graph, "-undelivered-events-policy.policy", "RulesSendWhatTheyCannotDeliver")
    assert statement["Condition"] == {"ArnLike": {"aws:SourceArn": "arn:aws:events:eu-west-1:123456789012:rule/*"}}


def test_no_address_range_may_connect_unless_configured(stack_graph: Graph) -> None:
    # test_source_servers checks what other groups may reach
    rules = stack_graph.of_type("vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert [rule.name for rule in rules if "cidrIpv4" in rule.inputs or "cidrIpv6" in rule.inputs] == []


def test_every_way_into_a_security_group_is_a_rule(graph: Graph) -> None:
    groups = graph.of_type("ec2/securityGroup:SecurityGroup")
    assert groups
    assert all(not group.inputs.get("ingress") for group in groups)


def test_the_default_security_group_lets_nothing_in_or_out(graph: Graph) -> None:
    group = graph.only("ec2/defaultSecurityGroup:DefaultSecurityGroup").inputs
    assert not group.get("ingress")
    assert not group.get("egress")


def test_a_tasks_two_roles_are_apart(graph: Graph) -> None:
    for task in (each.inputs for each in graph.of_type("ecs/taskDefinition:TaskDefinition")):
        assert task["taskRoleArn"] != task["executionRoleArn"]


def test_extraction_has_a_read_only_root_and_no_secret(graph: Graph) -> None:
    task = graph.only("ecs/taskDefinition:TaskDefinition", "-extraction-task")
    [container] = json.loads(task.inputs["containerDefinitions"])
    assert container["readonlyRootFilesystem"] is True
    assert container["environment"] == []
    assert task.secret_inputs == frozenset()


def test_extraction_uses_only_its_datasets_inbound_prefixes(graph: Graph) -> None:
    statement = graph_statements(graph, "-extraction-task-permissions.policy", "LandObjects")
    bucket = graph.only("s3/bucket:Bucket", "-bucket").name
    assert statement["Resource"] == [f"${{{bucket}.arn}}/inbound/members/*"]


def test_the_extraction_cannot_read_the_servers_own_key(graph: Graph) -> None:
    statement = graph_statements(graph, "-extraction-task-permissions.policy", "ReadConfiguration")
    assert all("/database-servers/" not in resource for resource in statement["Resource"])


def test_every_log_group_is_encrypted_and_forgets(graph: Graph) -> None:
    groups = graph.of_type("cloudwatch/logGroup:LogGroup")
    assert groups
    assert all(group.inputs["retentionInDays"] and group.inputs["kmsKeyId"] for group in groups)


def test_queues_topics_and_tables_use_the_platforms_key(graph: Graph) -> None:
    key = f"${{{graph.key.name}.arn}}"
    used = [queue.inputs["kmsMasterKeyId"] for queue in graph.of_type("sqs/queue:Queue")]
    used += [topic.inputs["kmsMasterKeyId"] for topic in graph.of_type("sns/topic:Topic")]
    used += [table.inputs["serverSideEncryption"]["kmsKeyArn"] for table in graph.of_type("dynamodb/table:Table")]
    assert used
    assert set(used) == {key}


def test_the_ledger_can_be_restored_to_any_moment(graph: Graph) -> None:
    assert graph.only("dynamodb/table:Table", "-ledger").inputs["pointInTimeRecovery"] == {"enabled": True}


def test_irreplaceable_tables_have_point_in_time_recovery(graph: Graph) -> None:
    # signatures are worthless after a few minutes
    tables = [each for each in graph.of_type("dynamodb/table:Table") if not each.name.endswith("-signatures")]
    assert tables
    assert all(table.inputs["pointInTimeRecovery"] == {"enabled": True} for table in tables)


def test_every_function_is_traced(graph: Graph) -> None:
    functions = graph.of_type("lambda/function:Function")
    assert functions
    assert all(function.inputs["tracingConfig"] == {"mode": "Active"} for function in functions)


def test_queues_start_a_limited_number_of_functions(graph: Graph) -> None:
    # Reserved concurrency would work too, but new accounts refuse it.
    mappings = graph.of_type("lambda/eventSourceMapping:EventSourceMapping")
    assert mappings
    assert all(mapping.inputs["scalingConfig"]["maximumConcurrency"] >= 2 for mapping in mappings)
    assert all("reservedConcurrentExecutions" not in each.inputs for each in graph.of_type("lambda/function:Function"))


def test_environments_and_repositories_use_the_platforms_key(
    graph: Graph,
) -> None:
    key = f"${{{graph.key.name}.arn}}"
    assert {each.inputs["kmsKeyArn"] for each in graph.of_type("lambda/function:Function")} == {key}
    for repository in graph.of_type("ecr/repository:Repository"):
        assert repository.inputs["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": key}]


def test_what_holds_data_is_protected_and_retained_in_prod(prod_graph: Graph) -> None:
    # signatures are worthless after a few minutes, and expire
    tables = [table for table in prod_graph.of_type("dynamodb/table:Table") if not table.name.endswith("-signatures")]
    resources = [prod_graph.only("s3/bucket:Bucket", "-bucket"), prod_graph.key, *tables]
    assert all(resource.protect and resource.retain for resource in resources)
    assert [table.inputs["deletionProtectionEnabled"] for table in tables] == [True] * 3


def graph_statements(graph: Graph, where: str, sid: str) -> dict[str, Any]:
    """Return the statement with this id in the only policy with this ending that has it."""
    found = [
        statement
        for place, statements in graph.policies().items()
        if place.endswith(where)
        for statement in statements
        if statement["Sid"] == sid
    ]
    assert len(found) == 1
    return found[0]
