"""The inputs that AWS cannot change in place. A new value of one of them replaces the resource.

Both drivers use this table. A test compares it with the plans of the real AWS provider, see
tests/provider/test_replacements.py.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

_EVERYWHERE: Final = "region"
"""An input of every AWS type."""

_GENERATED: Final = ("random:", "tls:")
"""Providers whose resources are random or signed, so that no input can change in place."""

_REPLACED_BY: Final[Mapping[str, str]] = {
    "aws:apigateway/apiKey:ApiKey": "value",
    "aws:apigateway/deployment:Deployment": "restApi triggers",
    "aws:apigateway/integration:Integration": "credentials httpMethod integrationHttpMethod resourceId restApi type",
    "aws:apigateway/integrationResponse:IntegrationResponse": "httpMethod resourceId restApi",
    "aws:apigateway/method:Method": "httpMethod resourceId restApi",
    "aws:apigateway/methodResponse:MethodResponse": "httpMethod resourceId restApi",
    "aws:apigateway/methodSettings:MethodSettings": "methodPath restApi stageName",
    "aws:apigateway/resource:Resource": "restApi",
    "aws:apigateway/response:Response": "responseType restApiId",
    "aws:apigateway/stage:Stage": "restApi stageName",
    "aws:apigateway/usagePlanKey:UsagePlanKey": "keyId keyType usagePlanId",
    "aws:athena/workgroup:Workgroup": "name",
    "aws:budgets/budget:Budget": "name",
    "aws:cloudtrail/trail:Trail": "name",
    "aws:cloudwatch/dashboard:Dashboard": "dashboardName",
    "aws:cloudwatch/eventRule:EventRule": "eventBusName name",
    "aws:cloudwatch/eventTarget:EventTarget": "eventBusName rule targetId",
    "aws:cloudwatch/logGroup:LogGroup": "name",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": "logGroupName name",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "name",
    "aws:dynamodb/table:Table": "hashKey localSecondaryIndexes.name name rangeKey",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "vpcId",
    "aws:ec2/eip:Eip": "domain",
    "aws:ec2/flowLog:FlowLog": "iamRoleArn logDestination trafficType vpcId",
    "aws:ec2/natGateway:NatGateway": "allocationId subnetId",
    "aws:ec2/route:Route": "destinationCidrBlock routeTableId",
    "aws:ec2/routeTable:RouteTable": "vpcId",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "subnetId",
    "aws:ec2/securityGroup:SecurityGroup": "description name vpcId",
    "aws:ec2/subnet:Subnet": "availabilityZone cidrBlock vpcId",
    "aws:ec2/vpc:Vpc": "cidrBlock",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "serviceName vpcEndpointType vpcId",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "policy repository",
    "aws:ecr/repository:Repository": "encryptionConfigurations.encryptionType encryptionConfigurations.kmsKey name",
    "aws:ecs/cluster:Cluster": "name",
    "aws:ecs/service:Service": "cluster launchType name",
    "aws:ecs/taskDefinition:TaskDefinition": (
        "containerDefinitions cpu executionRoleArn family memory networkMode requiresCompatibilities "
        "runtimePlatform.cpuArchitecture runtimePlatform.operatingSystemFamily taskRoleArn volumes.name"
    ),
    "aws:glue/catalogDatabase:CatalogDatabase": "name",
    "aws:glue/catalogTable:CatalogTable": "databaseName name",
    "aws:glue/job:Job": "name",
    "aws:glue/securityConfiguration:SecurityConfiguration": (
        "encryptionConfiguration.cloudwatchEncryption.cloudwatchEncryptionMode "
        "encryptionConfiguration.cloudwatchEncryption.kmsKeyArn "
        "encryptionConfiguration.jobBookmarksEncryption.jobBookmarksEncryptionMode "
        "encryptionConfiguration.jobBookmarksEncryption.kmsKeyArn "
        "encryptionConfiguration.s3Encryption.kmsKeyArn encryptionConfiguration.s3Encryption.s3EncryptionMode "
        "name"
    ),
    "aws:glue/trigger:Trigger": "name type workflowName",
    "aws:glue/workflow:Workflow": "name",
    "aws:iam/policy:Policy": "description name path",
    "aws:iam/role:Role": "name path",
    "aws:iam/rolePolicy:RolePolicy": "name role",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "policyArn role",
    "aws:kms/alias:Alias": "name",
    "aws:kms/key:Key": "customerMasterKeySpec keyUsage",
    "aws:lambda/eventSourceMapping:EventSourceMapping": "eventSourceArn startingPosition",
    "aws:lambda/function:Function": "name packageType",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "functionName qualifier",
    "aws:lambda/layerVersion:LayerVersion": (
        "code compatibleArchitectures compatibleRuntimes description layerName licenseInfo s3Bucket s3Key "
        "s3ObjectVersion skipDestroy"
    ),
    "aws:lambda/permission:Permission": (
        "action eventSourceToken function principal qualifier sourceAccount sourceArn statementId"
    ),
    "aws:s3/bucket:Bucket": "bucket",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "bucket",
    "aws:s3/bucketNotification:BucketNotification": "bucket",
    "aws:s3/bucketObjectv2:BucketObjectv2": "bucket key",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "bucket",
    "aws:s3/bucketPolicy:BucketPolicy": "bucket",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "bucket",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "bucket",
    "aws:s3/bucketVersioning:BucketVersioning": "bucket",
    "aws:scheduler/schedule:Schedule": "groupName name",
    "aws:scheduler/scheduleGroup:ScheduleGroup": "name",
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": "name vpc",
    "aws:servicediscovery/service:Service": (
        "dnsConfig.dnsRecords.type dnsConfig.namespaceId dnsConfig.routingPolicy name"
    ),
    "aws:sns/topic:Topic": "fifoTopic name",
    "aws:sns/topicPolicy:TopicPolicy": "arn",
    "aws:sns/topicSubscription:TopicSubscription": "endpoint protocol topic",
    "aws:sqs/queue:Queue": "fifoQueue name",
    "aws:sqs/queuePolicy:QueuePolicy": "queueUrl",
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": "queueUrl",
    "aws:sqs/redrivePolicy:RedrivePolicy": "queueUrl",
    "aws:ssm/parameter:Parameter": "name",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "securityGroupId",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "securityGroupId",
    "aws:wafv2/webAcl:WebAcl": "name scope",
    "aws:wafv2/webAclAssociation:WebAclAssociation": "resourceArn webAclArn",
}
"""The replacing inputs by AWS type; a key within an input's value follows a dot. Other inputs change in place."""


def replaced_by(kind: str) -> frozenset[str]:
    """Return the inputs that replace a resource of a type; a key within an input's value follows a dot."""
    return frozenset(_REPLACED_BY.get(kind, "").split())


def replacing(kind: str, changed: frozenset[str], olds: Mapping[str, Any], news: Mapping[str, Any]) -> frozenset[str]:
    """Return the changed inputs that replace the resource."""
    if kind.startswith(_GENERATED):
        return changed
    paths = [tuple(path.split(".")) for path in replaced_by(kind)]
    return frozenset(
        path[0]
        for path in [*paths, (_EVERYWHERE,)]
        if path[0] in changed and [*_values(olds, path)] != [*_values(news, path)]
    )


def _values(value: Any, path: tuple[str, ...]) -> Iterator[Any]:  # noqa: ANN401 - any JSON value
    """Yield the values at a path; for a list, those of each of its elements."""
    if isinstance(value, list):
        for element in value:
            yield from _values(element, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping):
        yield from _values(value.get(path[0]), path[1:])
    else:
        yield value
