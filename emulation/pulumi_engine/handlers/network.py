"""The network: VPC, subnets, routes, gateway endpoints and security groups."""

from typing import Any, Final

from emulation.pulumi_engine.handler import Created, Handler, Request


def _tags_of(request: Request, kind: str) -> list[dict[str, Any]] | None:
    return [{"ResourceType": kind, "Tags": request.tag_list}] if request.tag_list else None


def _create_vpc(request: Request) -> Created:
    vpc = request.call(
        "ec2", "create_vpc", CidrBlock=request.inputs["cidrBlock"], TagSpecifications=_tags_of(request, "vpc")
    )["Vpc"]
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        if name in request.inputs:
            value = {"Value": request.inputs[name]}
            request.call("ec2", "modify_vpc_attribute", VpcId=vpc["VpcId"], **{name[:1].upper() + name[1:]: value})
    return Created(vpc["VpcId"], {"arn": request.arn("ec2", f"vpc/{vpc['VpcId']}")})


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
    return Created(subnet["SubnetId"], {"arn": request.arn("ec2", f"subnet/{subnet['SubnetId']}")})


def _create_internet_gateway(request: Request) -> Created:
    gateway = request.call("ec2", "create_internet_gateway", TagSpecifications=_tags_of(request, "internet-gateway"))[
        "InternetGateway"
    ]["InternetGatewayId"]
    request.call("ec2", "attach_internet_gateway", InternetGatewayId=gateway, VpcId=request.inputs["vpcId"])
    return Created(gateway)


def _create_route_table(request: Request) -> Created:
    table = request.call(
        "ec2",
        "create_route_table",
        VpcId=request.inputs["vpcId"],
        TagSpecifications=_tags_of(request, "route-table"),
    )["RouteTable"]
    return Created(table["RouteTableId"])


def _create_route(request: Request) -> Created:
    request.call("ec2", "create_route", **request.pascal("routeTableId", "destinationCidrBlock", "gatewayId"))
    return Created(f"r-{request.inputs['routeTableId']}-{request.inputs['destinationCidrBlock']}")


def _associate_route_table(request: Request) -> Created:
    return Created(
        request.call("ec2", "associate_route_table", **request.pascal("routeTableId", "subnetId"))["AssociationId"]
    )


def _create_endpoint(request: Request) -> Created:
    endpoint = request.call(
        "ec2",
        "create_vpc_endpoint",
        TagSpecifications=_tags_of(request, "vpc-endpoint"),
        **request.pascal("vpcId", "serviceName", "vpcEndpointType", "routeTableIds"),
        **({"PolicyDocument": request.inputs["policy"]} if "policy" in request.inputs else {}),
    )["VpcEndpoint"]
    return Created(endpoint["VpcEndpointId"])


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
        GroupName=request.physical_name(),
        TagSpecifications=_tags_of(request, "security-group"),
        **request.pascal("description", "vpcId"),
    )["GroupId"]
    # Pulumi's provider takes away the rule that AWS gives every new group: only what the program says goes out.
    [created] = request.call("ec2", "describe_security_groups", GroupIds=[group])["SecurityGroups"]
    if created["IpPermissionsEgress"]:
        request.call("ec2", "revoke_security_group_egress", GroupId=group, IpPermissions=created["IpPermissionsEgress"])
    return Created(group, {"arn": request.arn("ec2", f"security-group/{group}")})


def _allow_egress(request: Request) -> Created:
    rule = {
        "IpProtocol": request.inputs["ipProtocol"],
        **request.pascal("fromPort", "toPort"),
        "IpRanges": [
            {"CidrIp": request.inputs["cidrIpv4"], "Description": request.inputs.get("description", request.name)}
        ],
    }
    group = request.inputs["securityGroupId"]
    request.call("ec2", "authorize_security_group_egress", GroupId=group, IpPermissions=[rule])
    return Created(f"{group}-{request.name}")


HANDLERS: Final = {
    "aws:ec2/vpc:Vpc": Handler(_create_vpc, accepts=("cidrBlock", "enableDnsSupport", "enableDnsHostnames", "tags")),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Handler(
        _close_default_security_group, accepts=("vpcId", "ingress", "egress")
    ),
    "aws:ec2/subnet:Subnet": Handler(
        _create_subnet, accepts=("vpcId", "cidrBlock", "availabilityZone", "mapPublicIpOnLaunch", "tags")
    ),
    "aws:ec2/internetGateway:InternetGateway": Handler(_create_internet_gateway, accepts=("vpcId", "tags")),
    "aws:ec2/routeTable:RouteTable": Handler(_create_route_table, accepts=("vpcId", "tags")),
    "aws:ec2/route:Route": Handler(_create_route, accepts=("routeTableId", "destinationCidrBlock", "gatewayId")),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Handler(
        _associate_route_table, accepts=("routeTableId", "subnetId")
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Handler(
        _create_endpoint, accepts=("vpcId", "serviceName", "vpcEndpointType", "routeTableIds", "policy", "tags")
    ),
    "aws:ec2/flowLog:FlowLog": Handler(
        _create_flow_log, accepts=("vpcId", "trafficType", "logDestination", "iamRoleArn")
    ),
    "aws:ec2/securityGroup:SecurityGroup": Handler(
        _create_security_group, accepts=("name", "description", "vpcId", "tags")
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Handler(
        _allow_egress,
        accepts=("securityGroupId", "description", "ipProtocol", "fromPort", "toPort", "cidrIpv4"),
    ),
}
