"""At least one resource of every type that the engine has a handler for."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker
import pulumi_random as random
import pulumi_tls as tls

ACCOUNT = aws.get_caller_identity().account_id
REGION = aws.get_region().region
PARTITION = aws.get_partition().partition


IS_CHANGED = pulumi.Config().get_bool("changed")


def changing(before, after):
    """Return a value that another run changes in place."""
    return after if IS_CHANGED else before


def trust(service):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}],
        }
    )


def allow(action, resource):
    return pulumi.Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}
    )


def policy_for(service, action, resource):
    return pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": service}, "Action": action, "Resource": resource}
            ],
        }
    )


class Lake(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("data-platform:index:Lake", name, None, opts)
        self.bucket = aws.s3.Bucket("lake", opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({})


key = aws.kms.Key(
    "key", description=changing("platform", "the platform's"), enable_key_rotation=True, deletion_window_in_days=7
)
shared = aws.kms.Key(
    "shared",
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
    ),
)
aws.kms.Alias("alias", name="alias/platform", target_key_id=changing(key, shared).key_id)

bucket = Lake("platform").bucket
aws.s3.BucketVersioning(
    "versioning", bucket=bucket.bucket, versioning_configuration={"status": changing("Enabled", "Suspended")}
)
aws.s3.BucketPublicAccessBlock(
    "public",
    bucket=bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=changing(True, False),
)
aws.s3.BucketOwnershipControls(
    "ownership",
    bucket=bucket.bucket,
    rule={"object_ownership": changing("BucketOwnerEnforced", "BucketOwnerPreferred")},
)
aws.s3.BucketServerSideEncryptionConfiguration(
    "encryption",
    bucket=bucket.bucket,
    rules=[
        {
            "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn},
            "bucket_key_enabled": changing(True, False),
        }
    ],
)
aws.s3.BucketPolicy(
    "policy",
    bucket=bucket.bucket,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": changing("s3:DeleteBucket", "s3:PutBucketPolicy"),
                    "Resource": bucket.arn,
                }
            ],
        }
    ),
)
aws.s3.BucketLifecycleConfiguration(
    "lifecycle",
    bucket=bucket.bucket,
    rules=[
        {
            "id": "old",
            "status": "Enabled",
            "filter": {"prefix": "inbound/"},
            "transitions": [{"days": 90, "storage_class": "STANDARD_IA"}],
            "noncurrent_version_expiration": {"noncurrent_days": changing(30, 60)},
        },
        {"id": "all", "status": "Enabled", "abort_incomplete_multipart_upload": {"days_after_initiation": 7}},
    ],
)
aws.s3.BucketNotification("notification", bucket=bucket.bucket, eventbridge=changing(True, False))
script = aws.s3.BucketObjectv2(
    "script", bucket=bucket.bucket, key="code/job.py", source=pulumi.FileAsset("code/handler.py")
)
aws.s3.BucketObjectv2(
    "archive",
    bucket=bucket.bucket,
    key="code/jobs.zip",
    source=pulumi.AssetArchive({"jobs": pulumi.FileArchive("code"), "a.txt": pulumi.StringAsset("a")}),
)
aws.s3.BucketObjectv2("folder", bucket=bucket.bucket, key="code/folder.zip", source=pulumi.FileArchive("code"))
aws.s3.BucketObjectv2(
    "text", bucket=bucket.bucket, key="code/text.txt", content=changing("hello", "goodbye"), content_type="text/plain"
)

boundary = aws.iam.Policy(
    "boundary", description="a boundary", policy=allow(changing(["s3:GetObject"], ["s3:PutObject"]), bucket.arn)
)
role = aws.iam.Role(
    "function",
    assume_role_policy=trust("lambda.amazonaws.com"),
    max_session_duration=changing(7200, 3600),
    permissions_boundary=boundary.arn,
    description="runs the function",
)
aws.iam.RolePolicy(
    "function",
    role=role.name,
    policy=allow(changing(["s3:GetObject"], ["s3:PutObject"]), bucket.arn.apply(lambda arn: f"{arn}/*")),
)
aws.iam.RolePolicyAttachment("function", role=role.name, policy_arn=boundary.arn)

dead_letters = aws.sqs.Queue("dead-letters", message_retention_seconds=1209600, sqs_managed_sse_enabled=True)
queue = aws.sqs.Queue(
    "work",
    visibility_timeout_seconds=changing(60, 90),
    receive_wait_time_seconds=20,
    max_message_size=1024,
    delay_seconds=1,
    kms_master_key_id=key.arn,
    kms_data_key_reuse_period_seconds=300,
    redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": 3}),
)
aws.sqs.Queue("ordered", fifo_queue=True, content_based_deduplication=True)
late = aws.sqs.Queue("late")
aws.sqs.RedrivePolicy(
    "late",
    queue_url=late.url,
    redrive_policy=pulumi.Output.json_dumps(
        {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": changing(2, 4)}
    ),
)
aws.sqs.QueuePolicy(
    "work",
    queue_url=queue.url,
    policy=policy_for(changing("events.amazonaws.com", "sns.amazonaws.com"), "sqs:SendMessage", queue.arn),
)
aws.sqs.RedriveAllowPolicy(
    "dead-letters",
    queue_url=dead_letters.url,
    redrive_allow_policy=pulumi.Output.json_dumps(
        {"redrivePermission": "byQueue", "sourceQueueArns": [changing(queue.arn, late.arn)]}
    ),
)

logs = aws.cloudwatch.LogGroup("function", name="/aws/lambda/collect", retention_in_days=changing(14, 30))
layer = aws.lambda_.LayerVersion(
    "dependencies",
    layer_name="dependencies",
    code=pulumi.FileArchive("code"),
    compatible_runtimes=["python3.13"],
    compatible_architectures=["arm64"],
)
function = aws.lambda_.Function(
    "collect",
    name="collect",
    role=role.arn,
    runtime="python3.13",
    handler="handler.handler",
    code=pulumi.FileArchive("code"),
    layers=[layer.arn],
    timeout=changing(30, 60),
    reserved_concurrent_executions=changing(5, 6),
    memory_size=256,
    architectures=["arm64"],
    environment={"variables": {"BUCKET": bucket.bucket, "lower_case": changing("kept", "changed")}},
    tracing_config=changing({"mode": "Active"}, None),
    dead_letter_config={"target_arn": dead_letters.arn},
    kms_key_arn=key.arn,
    ephemeral_storage={"size": 1024},
    logging_config={"log_format": "JSON", "log_group": logs.name},
)
aws.lambda_.FunctionEventInvokeConfig(
    "collect",
    function_name=function.name,
    maximum_retry_attempts=changing(1, 2),
    maximum_event_age_in_seconds=3600,
    destination_config={"on_failure": {"destination": dead_letters.arn}},
)
aws.lambda_.EventSourceMapping(
    "work",
    function_name=function.arn,
    event_source_arn=queue.arn,
    batch_size=changing(100, 50),
    maximum_batching_window_in_seconds=5,
    function_response_types=["ReportBatchItemFailures"],
    scaling_config={"maximum_concurrency": 2},
)
rule = aws.cloudwatch.EventRule(
    "landed",
    description=changing("landed", "arrived"),
    event_pattern=pulumi.Output.json_dumps(
        {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": [bucket.bucket]}}}
    ),
)
aws.lambda_.Permission(
    "landed",
    function=function.name,
    action="lambda:InvokeFunction",
    principal="events.amazonaws.com",
    source_arn=rule.arn,
)
aws.cloudwatch.EventTarget(
    "landed",
    rule=rule.name,
    arn=function.arn,
    dead_letter_config={"arn": dead_letters.arn},
    retry_policy={"maximum_retry_attempts": changing(2, 3), "maximum_event_age_in_seconds": 3600},
    input_transformer={"input_paths": {"key": "$.detail.object.key"}, "input_template": '{"key": <key>}'},
)

scheduler_role = aws.iam.Role("scheduler", assume_role_policy=trust("scheduler.amazonaws.com"))
group = aws.scheduler.ScheduleGroup("collections", name="collections")
aws.scheduler.Schedule(
    "daily",
    group_name=group.name,
    schedule_expression=changing("cron(0 5 * * ? *)", "cron(0 6 * * ? *)"),
    schedule_expression_timezone="Europe/Brussels",
    flexible_time_window={"mode": "FLEXIBLE", "maximum_window_in_minutes": 5},
    target={
        "arn": function.arn,
        "role_arn": scheduler_role.arn,
        "input": json.dumps({"dataset": "vehicles"}),
        "retry_policy": {"maximum_retry_attempts": 3, "maximum_event_age_in_seconds": 3600},
        "dead_letter_config": {"arn": dead_letters.arn},
    },
)

topic = aws.sns.Topic("alarms", kms_master_key_id=key.arn, display_name=changing("Alarms", "Alerts"))
aws.sns.TopicPolicy(
    "alarms",
    arn=topic.arn,
    policy=policy_for(changing("cloudwatch.amazonaws.com", "events.amazonaws.com"), "sns:Publish", topic.arn),
)
aws.sns.TopicSubscription(
    "alarms", topic=topic.arn, protocol="sqs", endpoint=queue.arn, raw_message_delivery=changing(True, False)
)
aws.cloudwatch.MetricAlarm(
    "dead-letters",
    comparison_operator="GreaterThanThreshold",
    evaluation_periods=1,
    threshold=changing(0, 5),
    namespace="AWS/SQS",
    metric_name="ApproximateNumberOfMessagesVisible",
    period=60,
    statistic="Maximum",
    dimensions={"QueueName": dead_letters.name},
    alarm_actions=[topic.arn],
    ok_actions=[topic.arn],
    treat_missing_data="notBreaching",
)
aws.cloudwatch.MetricAlarm(
    "errors",
    comparison_operator="GreaterThanThreshold",
    evaluation_periods=1,
    threshold=0.5,
    metric_queries=[
        {"id": "rate", "expression": "errors / 2", "return_data": True},
        {
            "id": "errors",
            "metric": {
                "namespace": "AWS/Lambda",
                "metric_name": "Errors",
                "period": 60,
                "stat": "Sum",
                "dimensions": {"FunctionName": function.name},
            },
        },
    ],
)
aws.cloudwatch.Dashboard(
    "platform",
    dashboard_name="platform",
    dashboard_body=json.dumps({"widgets": [], "start": changing("-PT1H", "-PT2H")}),
)

table = aws.dynamodb.Table(
    "ledger",
    billing_mode="PAY_PER_REQUEST",
    hash_key="pk",
    range_key="sk",
    attributes=[{"name": "pk", "type": "S"}, {"name": "sk", "type": "S"}, {"name": "status", "type": "S"}],
    global_secondary_indexes=[
        {"name": changing("by-status", "of-status"), "hash_key": "status", "range_key": "sk", "projection_type": "ALL"}
    ],
    ttl={"attribute_name": "expires", "enabled": True},
    point_in_time_recovery={"enabled": changing(True, False)},
    server_side_encryption={"enabled": True, "kms_key_arn": key.arn},
    stream_enabled=True,
    stream_view_type="NEW_IMAGE",
    deletion_protection_enabled=changing(True, False),
)
aws.dynamodb.Table(
    "provisioned",
    hash_key="pk",
    attributes=[{"name": "pk", "type": "S"}, {"name": "day", "type": "S"}],
    local_secondary_indexes=[{"name": "by-day", "range_key": "day", "projection_type": "ALL"}],
    range_key="day",
    read_capacity=changing(1, 2),
    write_capacity=1,
)
private_key = tls.PrivateKey("sftp", algorithm="RSA", rsa_bits=2048)
aws.ssm.Parameter(
    "settings",
    name="/data-platform/local/settings",
    type="String",
    tier="Standard",
    value=json.dumps({"a": changing(1, 2)}),
)
aws.ssm.Parameter(
    "private-key",
    name="/data-platform/local/private-key",
    type="SecureString",
    key_id=key.arn,
    value=private_key.private_key_pem,
)

database = aws.glue.CatalogDatabase(
    "warehouse",
    name="warehouse",
    description=changing("clean", "cleaned"),
    location_uri=bucket.bucket.apply(lambda name: f"s3://{name}/warehouse/"),
)
aws.glue.CatalogTable(
    "vehicles",
    name="vehicles",
    database_name=database.name,
    table_type="EXTERNAL_TABLE",
    parameters={"classification": "parquet", "owner": changing("a", "b")},
    partition_keys=[{"name": "landing_date", "type": "date"}],
    storage_descriptor={
        "location": bucket.bucket.apply(lambda name: f"s3://{name}/warehouse/vehicles/"),
        "input_format": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "output_format": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "ser_de_info": {
            "serialization_library": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
            "parameters": {"serialization.format": "1"},
        },
        "columns": [{"name": "model", "type": "string", "comment": "as sold"}],
    },
)
aws.athena.Workgroup(
    "queries",
    name="queries",
    configuration={
        "enforce_workgroup_configuration": True,
        "bytes_scanned_cutoff_per_query": changing(1_000_000_000, 2_000_000_000),
        "engine_version": {"selected_engine_version": "Athena engine version 3"},
        "result_configuration": {
            "output_location": bucket.bucket.apply(lambda name: f"s3://{name}/athena/"),
            "encryption_configuration": {"encryption_option": "SSE_KMS", "kms_key_arn": key.arn},
        },
    },
)
security = aws.glue.SecurityConfiguration(
    "glue",
    encryption_configuration={
        "cloudwatch_encryption": {"cloudwatch_encryption_mode": "SSE-KMS", "kms_key_arn": key.arn},
        "job_bookmarks_encryption": {"job_bookmarks_encryption_mode": "CSE-KMS", "kms_key_arn": key.arn},
        "s3_encryption": {"s3_encryption_mode": "SSE-KMS", "kms_key_arn": key.arn},
    },
)
glue_role = aws.iam.Role("glue", assume_role_policy=trust("glue.amazonaws.com"))
jobs = {
    name: aws.glue.Job(
        name,
        name=name,
        role_arn=glue_role.arn,
        glue_version="5.1",
        worker_type="G.1X",
        number_of_workers=2,
        timeout=changing(60, 90),
        max_retries=1,
        execution_property={"max_concurrent_runs": 3},
        security_configuration=security.name,
        command={
            "name": "glueetl",
            "python_version": "3",
            "script_location": pulumi.Output.concat("s3://", bucket.bucket, "/", script.key),
        },
        default_arguments={"--bucket": bucket.bucket, "--job-language": "python"},
    )
    for name in ("warehouse", "mart")
}
workflow = aws.glue.Workflow(
    "refine",
    description=changing("warehouse, then mart", "both"),
    max_concurrent_runs=1,
    default_run_properties={"some-property": "1"},
)
aws.glue.Trigger(
    "landed",
    workflow_name=workflow.name,
    type="EVENT",
    actions=[{"job_name": jobs["warehouse"].name}],
    event_batching_conditions=[{"batch_size": changing(10, 20), "batch_window": 300}],
)
aws.glue.Trigger(
    "then-mart",
    workflow_name=workflow.name,
    type="CONDITIONAL",
    actions=[{"job_name": jobs["mart"].name, "arguments": {"--report": "x"}}],
    predicate={"conditions": [{"job_name": jobs["warehouse"].name, "state": "SUCCEEDED"}]},
)
aws.glue.Trigger("by-hand", type="ON_DEMAND", actions=[{"job_name": jobs["warehouse"].name}])
starter = aws.iam.Role("starter", assume_role_policy=trust("events.amazonaws.com"))
aws.cloudwatch.EventTarget("refine", target_id="refine", rule=rule.name, arn=workflow.arn, role_arn=starter.arn)

zones = aws.get_availability_zones_output(state="available").names
vpc = aws.ec2.Vpc("vpc", cidr_block="10.1.0.0/16", enable_dns_hostnames=changing(True, False), enable_dns_support=True)
aws.ec2.DefaultSecurityGroup("closed", vpc_id=vpc.id, ingress=[], egress=[])
gateway = aws.ec2.InternetGateway("internet", vpc_id=vpc.id)
routes = aws.ec2.RouteTable("public", vpc_id=vpc.id)
aws.ec2.Route("out", route_table_id=routes.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id)
subnet = aws.ec2.Subnet(
    "public",
    vpc_id=vpc.id,
    cidr_block="10.1.0.0/24",
    availability_zone=zones[0],
    map_public_ip_on_launch=changing(False, True),
)
aws.ec2.RouteTableAssociation("public", subnet_id=subnet.id, route_table_id=routes.id)
aws.ec2.VpcEndpoint(
    "s3",
    vpc_id=vpc.id,
    service_name="com.amazonaws.eu-west-1.s3",
    vpc_endpoint_type="Gateway",
    route_table_ids=changing([routes.id], []),
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": changing("s3:GetObject", "s3:PutObject"),
                    "Resource": "*",
                }
            ],
        }
    ),
)
flow_logs = aws.cloudwatch.LogGroup("refusals")
aws.ec2.FlowLog(
    "refusals",
    vpc_id=vpc.id,
    traffic_type="REJECT",
    log_destination=flow_logs.arn,
    iam_role_arn=aws.iam.Role("refusals", assume_role_policy=trust("vpc-flow-logs.amazonaws.com")).arn,
)
firewall = aws.ec2.SecurityGroup("task", description="out only", vpc_id=vpc.id)
aws.vpc.SecurityGroupEgressRule(
    "out",
    description=changing("everywhere", "anywhere"),
    security_group_id=firewall.id,
    ip_protocol="tcp",
    from_port=0,
    to_port=65535,
    cidr_ipv4="0.0.0.0/0",
)
repository = aws.ecr.Repository(
    "images",
    image_tag_mutability="IMMUTABLE",
    force_delete=True,
    image_scanning_configuration={"scan_on_push": changing(True, False)},
    encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
)
aws.ecr.LifecyclePolicy(
    "images",
    repository=repository.name,
    policy=json.dumps(
        {
            "rules": [
                {
                    "rulePriority": 1,
                    "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3},
                    "action": {"type": "expire"},
                }
            ]
        }
    ),
)
cluster = aws.ecs.Cluster("tasks", settings=[{"name": "containerInsights", "value": changing("enabled", "disabled")}])
task_role = aws.iam.Role("task", assume_role_policy=trust("ecs-tasks.amazonaws.com"))
task = aws.ecs.TaskDefinition(
    "extract",
    family="extract",
    requires_compatibilities=["FARGATE"],
    network_mode="awsvpc",
    cpu="1024",
    memory="2048",
    runtime_platform={"cpu_architecture": "X86_64", "operating_system_family": "LINUX"},
    task_role_arn=task_role.arn,
    execution_role_arn=task_role.arn,
    volumes=[{"name": "scratch"}],
    container_definitions=json.dumps([{"name": "extract", "image": "image:1", "command": ["--help"]}]),
)
aws.scheduler.Schedule(
    "extract",
    schedule_expression="rate(1 day)",
    flexible_time_window={"mode": "OFF"},
    target={
        "arn": cluster.arn,
        "role_arn": task_role.arn,
        "ecs_parameters": {
            "task_definition_arn": task.arn,
            "launch_type": "FARGATE",
            "network_configuration": {
                "subnets": [subnet.id],
                "security_groups": [firewall.id],
                "assign_public_ip": True,
            },
        },
    },
)
password = random.RandomPassword("password", length=32, special=False, min_lower=1, min_upper=1, min_numeric=1)
certificate = tls.SelfSignedCert(
    "certificate",
    private_key_pem=private_key.private_key_pem,
    subject={"common_name": "localhost"},
    dns_names=["localhost"],
    ip_addresses=["127.0.0.1"],
    validity_period_hours=24,
    allowed_uses=["server_auth"],
)
authority = tls.SelfSignedCert(
    "authority",
    private_key_pem=private_key.private_key_pem,
    subject={"common_name": "authority"},
    is_ca_certificate=True,
    validity_period_hours=24,
    allowed_uses=["cert_signing"],
)
asked = tls.CertRequest(
    "server",
    private_key_pem=private_key.private_key_pem,
    subject={"common_name": "localhost"},
    dns_names=["localhost"],
    ip_addresses=["127.0.0.1"],
)
tls.LocallySignedCert(
    "server",
    cert_request_pem=asked.cert_request_pem,
    ca_private_key_pem=private_key.private_key_pem,
    ca_cert_pem=authority.cert_pem,
    validity_period_hours=24,
    allowed_uses=["server_auth"],
)
api = aws.apigateway.RestApi(
    "api",
    description=changing("takes events", "takes all events"),
    endpoint_configuration={"types": "REGIONAL"},
    binary_media_types=["application/json"],
)
events_path = aws.apigateway.Resource(
    "events", rest_api=api.id, parent_id=api.root_resource_id, path_part=changing("events", "event")
)
post = aws.apigateway.Method(
    "post",
    rest_api=api.id,
    resource_id=events_path.id,
    http_method="POST",
    authorization="NONE",
    api_key_required=True,
    operation_name=changing("postEvents", "postEvent"),
)
posted = aws.apigateway.Integration(
    "post",
    rest_api=api.id,
    resource_id=events_path.id,
    http_method=post.http_method,
    type="AWS_PROXY",
    integration_http_method="POST",
    uri=function.invoke_arn,
    timeout_milliseconds=changing(5000, 6000),
)
options = aws.apigateway.Method(
    "options", rest_api=api.id, resource_id=events_path.id, http_method="OPTIONS", authorization="NONE"
)
preflight = aws.apigateway.Integration(
    "options",
    rest_api=api.id,
    resource_id=events_path.id,
    http_method=options.http_method,
    type="MOCK",
    request_templates={"application/json": json.dumps({"statusCode": 204})},
)
CORS = "header.Access-Control-Allow-Origin"
allowed = aws.apigateway.MethodResponse(
    "options",
    rest_api=api.id,
    resource_id=events_path.id,
    http_method=options.http_method,
    status_code="204",
    response_parameters={f"method.response.{CORS}": changing(True, False)},
)
answered = aws.apigateway.IntegrationResponse(
    "options",
    rest_api=api.id,
    resource_id=events_path.id,
    http_method=options.http_method,
    status_code=allowed.status_code,
    response_parameters={f"method.response.{CORS}": changing("'*'", "'a'")},
    opts=pulumi.ResourceOptions(depends_on=[preflight]),
)
throttled = aws.apigateway.Response(
    "throttled",
    rest_api_id=api.id,
    response_type="THROTTLED",
    status_code=changing("429", "430"),
    response_templates={"application/json": '{"status": 429}'},
    response_parameters={f"gatewayresponse.{CORS}": "'*'"},
)
deployment = aws.apigateway.Deployment(
    "deployment",
    rest_api=api.id,
    triggers={"document": "1"},
    description=changing("first", "second"),
    opts=pulumi.ResourceOptions(depends_on=[posted, answered, throttled]),
)
stage = aws.apigateway.Stage(
    "stage",
    rest_api=api.id,
    deployment=deployment.id,
    stage_name="v1",
    access_log_settings={"destination_arn": logs.arn, "format": json.dumps({"status": "$context.status"})},
    xray_tracing_enabled=changing(True, False),
)

seen = {"cloudwatch_metrics_enabled": True, "metric_name": "seen", "sampled_requests_enabled": False}
acl = aws.wafv2.WebAcl(
    "acl",
    name="acl",
    scope="REGIONAL",
    description="who may reach the API",
    default_action=changing({"allow": {}}, {"block": {}}),
    rules=[
        {
            "name": "requests",
            "priority": 1,
            "action": {"block": {}},
            "statement": {"rate_based_statement": {"limit": 100, "aggregate_key_type": "IP"}},
            "visibility_config": seen,
        },
    ],
    visibility_config=seen,
    tags={"every": "type"},
)
aws.wafv2.WebAclAssociation("acl", resource_arn=stage.arn, web_acl_arn=acl.arn)
aws.apigateway.MethodSettings(
    "limits",
    rest_api=api.id,
    stage_name=stage.stage_name,
    method_path="*/*",
    settings={"metrics_enabled": True, "throttling_rate_limit": changing(10, 20), "throttling_burst_limit": 20},
)
api_key = aws.apigateway.ApiKey("website", description=changing("events of website", "of website"), value="k" * 40)
plan = aws.apigateway.UsagePlan(
    "website",
    description=changing("what website may post", "for website"),
    api_stages=[{"api_id": api.id, "stage": stage.stage_name}],
    throttle_settings={"rate_limit": 5, "burst_limit": 10},
    quota_settings={"limit": 100, "period": "DAY"},
)
aws.apigateway.UsagePlanKey("website", key_id=api_key.id, key_type="API_KEY", usage_plan_id=plan.id)

aws.lambda_.Function(
    "inside",
    name="inside",
    role=role.arn,
    runtime="python3.13",
    handler="handler.handler",
    code=pulumi.FileArchive("code"),
    vpc_config={"subnet_ids": [subnet.id], "security_group_ids": [firewall.id]},
)
address = aws.ec2.Eip("nat", domain="vpc")
nat = aws.ec2.NatGateway("nat", allocation_id=address.id, subnet_id=subnet.id)
private_routes = aws.ec2.RouteTable("private", vpc_id=vpc.id)
aws.ec2.Route(
    "by-nat",
    route_table_id=private_routes.id,
    destination_cidr_block="0.0.0.0/0",
    nat_gateway_id=changing(nat.id, None),
    gateway_id=changing(None, gateway.id),
)
aws.vpc.SecurityGroupIngressRule(
    "in",
    description="from the task itself",
    security_group_id=firewall.id,
    ip_protocol="tcp",
    from_port=22,
    to_port=22,
    referenced_security_group_id=firewall.id,
)
aws.vpc.SecurityGroupIngressRule(
    "partner",
    security_group_id=firewall.id,
    ip_protocol="tcp",
    from_port=1433,
    to_port=1433,
    cidr_ipv4=changing("203.0.113.0/24", "198.51.100.0/24"),
)
internal = aws.servicediscovery.PrivateDnsNamespace("internal", name="platform.internal", vpc=vpc.id)
server_name = aws.servicediscovery.Service(
    "sql",
    name="sql",
    dns_config={
        "namespace_id": internal.id,
        "routing_policy": "MULTIVALUE",
        "dns_records": [{"ttl": changing(10, 20), "type": "A"}],
    },
)
aws.ecs.Service(
    "sql",
    name="sql",
    cluster=cluster.arn,
    task_definition=task.arn,
    desired_count=0,
    launch_type="FARGATE",
    deployment_circuit_breaker={"enable": True, "rollback": True},
    deployment_maximum_percent=changing(200, 150),
    deployment_minimum_healthy_percent=100,
    network_configuration={"subnets": [subnet.id], "security_groups": [firewall.id], "assign_public_ip": True},
    service_registries={"registry_arn": server_name.arn},
)
docker.Image(
    "image",
    image_name=pulumi.Output.concat(repository.repository_url, changing(":1", ":2")),
    build={"context": "code", "platform": "linux/amd64"},
    registry=aws.ecr.get_authorization_token_output().apply(
        lambda token: {"server": token.proxy_endpoint, "username": token.user_name, "password": token.password}
    ),
)
trail_logs = aws.cloudwatch.LogGroup("trail")
aws.cloudwatch.LogMetricFilter(
    "refused",
    name="refused",
    log_group_name=trail_logs.name,
    pattern=changing('{ $.errorCode = "AccessDenied" }', '{ $.errorCode = "Denied" }'),
    metric_transformation={"name": "refused", "namespace": "Audit", "value": "1"},
)
aws.cloudtrail.Trail(
    "audit",
    name="audit",
    s3_bucket_name=bucket.bucket,
    kms_key_id=key.arn,
    cloud_watch_logs_group_arn=trail_logs.arn.apply(lambda arn: f"{arn}:*"),
    cloud_watch_logs_role_arn=role.arn,
    enable_log_file_validation=changing(True, False),
    include_global_service_events=False,
    is_multi_region_trail=False,
    advanced_event_selectors=[
        {
            "name": "objects",
            "field_selectors": [
                {"field": "eventCategory", "equals": ["Data"]},
                {"field": "resources.type", "equals": ["AWS::S3::Object"]},
                {"field": "resources.ARN", "starts_withs": [bucket.arn.apply(lambda arn: f"{arn}/")]},
            ],
        }
    ],
)
aws.budgets.Budget(
    "costs",
    name="costs",
    budget_type="COST",
    limit_amount=changing("50", "60"),
    limit_unit="USD",
    time_unit="MONTHLY",
    notifications=[
        {
            "comparison_operator": "GREATER_THAN",
            "notification_type": "ACTUAL",
            "threshold": 80,
            "threshold_type": "PERCENTAGE",
            "subscriber_sns_topic_arns": [topic.arn],
        }
    ],
)

pulumi.export("account", ACCOUNT)
pulumi.export("region", REGION)
pulumi.export("partition", PARTITION)
pulumi.export("bucket", bucket.bucket)
pulumi.export("function", function.name)
pulumi.export("privateKey", private_key.private_key_pem)
pulumi.export("roles", {"function": role.arn})
pulumi.export("password", password.result)
pulumi.export("certificate", certificate.cert_pem)
pulumi.export("task", task.arn)
pulumi.export("stageUrl", stage.invoke_url)
