"""The network: VPC, subnets, routes, gateway endpoints and security groups."""

from typing import Any, Final

from emulation.pulumi_engine.casing import pascal
from emulation.pulumi_engine.handler import Created, Delete, Handler, Request, Standing, removes

_ROUTE: Final = ("routeTableId", "destinationCidrBlock", "gatewayId", "natGatewayId")


def _tags_of(request: Request, kind: str) -> list[dict[str, Any]] | None:
    return [{"ResourceType": kind, "Tags": request.tag_list}] if request.tag_list else None


def _create_vpc(request: Request) -> Created:
    vpc = request.call(
        "ec2", "create_vpc", CidrBlock=request.inputs["cidrBlock"], TagSpecifications=_tags_of(request, "vpc")
    )["Vpc"]
    _set_dns(request, vpc["VpcId"])
    return Created(vpc["VpcId"], {"arn": request.arn("ec2", f"vpc/{vpc['VpcId']}")})


def _set_dns(request: Request, vpc: str) -> None:
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        if name in request.inputs:
            request.call("ec2", "modify_vpc_attribute", VpcId=vpc, **{pascal(name): {"Value": request.inputs[name]}})


def _close_default_security_group(request: Request) -> Created:
    where = [
        {"Name": "vpc-id", "Values": [request.inputs["vpcId"]]},
        {"Name": "group-name", "Values": ["default"]},
    ]
    [group] = request.call("ec2", "describe_security_groups", Filters=where)["SecurityGroups"]
    for operation, rules in (
        ("revoke_security_group_ingress", group["IpPermissions"]),
        ("revoke_security_group_egress", group["IpPermissionsEgress"]),
    ):
        if rules:
            request.call("ec2", operation, GroupId=group["GroupId"], IpPermissions=rules)
    return Created(group["GroupId"])


def _create_subnet(request: Request) -> Created:
    subnet = request.call(
        "ec2",
        "create_subnet",
        TagSpecifications=_tags_of(request, "subnet"),
        **request.pascal("vpcId", "cidrBlock", "availabilityZone"),
    )["Subnet"]
    _set_public(request, subnet["SubnetId"])
    return Created(subnet["SubnetId"], {"arn": request.arn("ec2", f"subnet/{subnet['SubnetId']}")})


def _set_public(request: Request, subnet: str) -> None:
    if "mapPublicIpOnLaunch" in request.inputs:
        public = {"Value": request.inputs["mapPublicIpOnLaunch"]}
        request.call("ec2", "modify_subnet_attribute", SubnetId=subnet, MapPublicIpOnLaunch=public)


def _create_internet_gateway(request: Request) -> Created:
    gateway = request.call("ec2", "create_internet_gateway", TagSpecifications=_tags_of(request, "internet-gateway"))[
        "InternetGateway"
    ]["InternetGatewayId"]
    request.call("ec2", "attach_internet_gateway", InternetGatewayId=gateway, VpcId=request.inputs["vpcId"])
    return Created(gateway)


def _delete_internet_gateway(request: Request, standing: Standing) -> None:
    vpc = standing.properties["vpcId"]
    request.call("ec2", "detach_internet_gateway", InternetGatewayId=standing.id, VpcId=vpc)
    request.call("ec2", "delete_internet_gateway", InternetGatewayId=standing.id)


def _create_route_table(request: Request) -> Created:
    table = request.call(
        "ec2",
        "create_route_table",
        VpcId=request.inputs["vpcId"],
        TagSpecifications=_tags_of(request, "route-table"),
    )["RouteTable"]
    return Created(table["RouteTableId"])


def _create_route(request: Request) -> Created:
    request.call("ec2", "create_route", **request.pascal(*_ROUTE))
    return Created(f"r-{request.inputs['routeTableId']}-{request.inputs['destinationCidrBlock']}")


def _update_route(request: Request, _standing: Standing) -> None:
    request.call("ec2", "replace_route", **request.pascal(*_ROUTE))


def _associate_route_table(request: Request) -> Created:
    return Created(
        request.call("ec2", "associate_route_table", **request.pascal("routeTableId", "subnetId"))["AssociationId"]
    )


def _create_endpoint(request: Request) -> Created:
    endpoint = request.call(
        "ec2",
        "create_vpc_endpoint",
        TagSpecifications=_tags_of(request, "vpc-endpoint"),
        PolicyDocument=request.inputs.get("policy"),
        **request.pascal("vpcId", "serviceName", "vpcEndpointType", "routeTableIds"),
    )["VpcEndpoint"]
    return Created(endpoint["VpcEndpointId"])


def _update_endpoint(request: Request, standing: Standing) -> None:
    before = set(standing.properties.get("routeTableIds", []))
    after = set(request.inputs.get("routeTableIds", []))
    request.call(
        "ec2",
        "modify_vpc_endpoint",
        VpcEndpointId=standing.id,
        AddRouteTableIds=sorted(after - before) or None,
        RemoveRouteTableIds=sorted(before - after) or None,
        PolicyDocument=request.inputs.get("policy"),
    )


def _create_elastic_ip(request: Request) -> Created:
    address = request.call(
        "ec2",
        "allocate_address",
        Domain=request.inputs.get("domain"),
        TagSpecifications=_tags_of(request, "elastic-ip"),
    )
    return Created(address["AllocationId"], {"publicIp": address["PublicIp"], "allocationId": address["AllocationId"]})


def _create_nat_gateway(request: Request) -> Created:
    gateway = request.call(
        "ec2",
        "create_nat_gateway",
        TagSpecifications=_tags_of(request, "natgateway"),
        **request.pascal("allocationId", "subnetId"),
    )["NatGateway"]["NatGatewayId"]
    client: Any = request.emulator.client("ec2", request.region)
    client.get_waiter("nat_gateway_available").wait(NatGatewayIds=[gateway], WaiterConfig={"Delay": 1})
    return Created(gateway)


def _create_flow_log(request: Request) -> Created:
    log = request.call(
        "ec2",
        "create_flow_logs",
        ResourceIds=[request.inputs["vpcId"]],
        ResourceType="VPC",
        TrafficType=request.inputs["trafficType"],
        LogDestinationType="cloud-watch-logs",
        LogDestination=request.inputs["logDestination"],
        DeliverLogsPermissionArn=request.inputs["iamRoleArn"],
    )["FlowLogIds"][0]
    return Created(log, {"arn": request.arn("ec2", f"vpc-flow-log/{log}")})


def _create_security_group(request: Request) -> Created:
    group = request.call(
        "ec2",
        "create_security_group",
        GroupName=request.inputs["name"],
        TagSpecifications=_tags_of(request, "security-group"),
        **request.pascal("description", "vpcId"),
    )["GroupId"]
    # AWS gives every new group an egress rule. Pulumi's provider removes it, so that only the program's rules apply.
    [created] = request.call("ec2", "describe_security_groups", GroupIds=[group])["SecurityGroups"]
    if created["IpPermissionsEgress"]:
        request.call("ec2", "revoke_security_group_egress", GroupId=group, IpPermissions=created["IpPermissionsEgress"])
    return Created(group, {"arn": request.arn("ec2", f"security-group/{group}")})


def _allow_egress(request: Request) -> Created:
    return _allow(request, "authorize_security_group_egress")


def _allow_ingress(request: Request) -> Created:
    return _allow(request, "authorize_security_group_ingress")


def _allow(request: Request, operation: str) -> Created:
    group = request.inputs["securityGroupId"]
    rules = request.call("ec2", operation, GroupId=group, IpPermissions=[_rule(request)])["SecurityGroupRules"]
    identity = rules[0]["SecurityGroupRuleId"]
    return Created(
        identity, {"securityGroupRuleId": identity, "arn": request.arn("ec2", f"security-group-rule/{identity}")}
    )


def _rule(request: Request) -> dict[str, Any]:
    inputs = request.inputs
    described = {"Description": inputs["description"]} if "description" in inputs else {}
    rule = {"IpProtocol": inputs["ipProtocol"], **request.pascal("fromPort", "toPort")}
    if "cidrIpv4" in inputs:
        return {**rule, "IpRanges": [{"CidrIp": inputs["cidrIpv4"], **described}]}
    return {**rule, "UserIdGroupPairs": [{"GroupId": inputs["referencedSecurityGroupId"], **described}]}


def _update_rule(request: Request, standing: Standing) -> None:
    rule = {
        "SecurityGroupRuleId": standing.id,
        "SecurityGroupRule": {
            **request.pascal("ipProtocol", "fromPort", "toPort", "cidrIpv4", "description"),
            **(
                {"ReferencedGroupId": request.inputs["referencedSecurityGroupId"]}
                if "referencedSecurityGroupId" in request.inputs
                else {}
            ),
        },
    }
    group = request.inputs["securityGroupId"]
    request.call("ec2", "modify_security_group_rules", GroupId=group, SecurityGroupRules=[rule])


def _removes_rule(operation: str) -> Delete:
    return lambda request, standing: request.call(
        "ec2", operation, GroupId=standing.properties["securityGroupId"], SecurityGroupRuleIds=[standing.id]
    )


_RULE: Final = (
    "securityGroupId", "description", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "referencedSecurityGroupId",
)  # fmt: skip

HANDLERS: Final = {
    "aws:ec2/vpc:Vpc": Handler(
        _create_vpc,
        accepts=("cidrBlock", "enableDnsSupport", "enableDnsHostnames", "tags"),
        update=lambda request, standing: _set_dns(request, standing.id),
        delete=removes("ec2", "delete_vpc", VpcId="id"),
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Handler(
        _close_default_security_group,
        accepts=("vpcId", "ingress", "egress"),
        unchangeable=("ingress", "egress"),
    ),
    "aws:ec2/subnet:Subnet": Handler(
        _create_subnet,
        accepts=("vpcId", "cidrBlock", "availabilityZone", "mapPublicIpOnLaunch", "tags"),
        update=lambda request, standing: _set_public(request, standing.id),
        delete=removes("ec2", "delete_subnet", SubnetId="id"),
    ),
    "aws:ec2/internetGateway:InternetGateway": Handler(
        _create_internet_gateway,
        accepts=("vpcId", "tags"),
        unchangeable=("vpcId",),
        delete=_delete_internet_gateway,
    ),
    "aws:ec2/routeTable:RouteTable": Handler(
        _create_route_table,
        accepts=("vpcId", "tags"),
        delete=removes("ec2", "delete_route_table", RouteTableId="id"),
    ),
    "aws:ec2/route:Route": Handler(
        _create_route,
        accepts=_ROUTE,
        update=_update_route,
        delete=removes("ec2", "delete_route", RouteTableId="routeTableId", DestinationCidrBlock="destinationCidrBlock"),
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Handler(
        _associate_route_table,
        accepts=("routeTableId", "subnetId"),
        unchangeable=("routeTableId",),
        delete=removes("ec2", "disassociate_route_table", AssociationId="id"),
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Handler(
        _create_endpoint,
        accepts=("vpcId", "serviceName", "vpcEndpointType", "routeTableIds", "policy", "tags"),
        update=_update_endpoint,
        delete=lambda request, standing: request.call("ec2", "delete_vpc_endpoints", VpcEndpointIds=[standing.id]),
    ),
    "aws:ec2/eip:Eip": Handler(
        _create_elastic_ip,
        accepts=("domain", "tags"),
        delete=removes("ec2", "release_address", AllocationId="id"),
    ),
    "aws:ec2/natGateway:NatGateway": Handler(
        _create_nat_gateway,
        accepts=("allocationId", "subnetId", "tags"),
        delete=removes("ec2", "delete_nat_gateway", NatGatewayId="id"),
    ),
    "aws:ec2/flowLog:FlowLog": Handler(
        _create_flow_log,
        accepts=("vpcId", "trafficType", "logDestination", "iamRoleArn"),
        delete=lambda request, standing: request.call("ec2", "delete_flow_logs", FlowLogIds=[standing.id]),
    ),
    "aws:ec2/securityGroup:SecurityGroup": Handler(
        _create_security_group,
        accepts=("name", "description", "vpcId", "tags"),
        delete=removes("ec2", "delete_security_group", GroupId="id"),
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Handler(
        _allow_egress, accepts=_RULE, update=_update_rule, delete=_removes_rule("revoke_security_group_egress")
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Handler(
        _allow_ingress, accepts=_RULE, update=_update_rule, delete=_removes_rule("revoke_security_group_ingress")
    ),
}
