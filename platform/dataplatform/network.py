"""The network that tasks run in: two public subnets without any way in, and gateways to S3 and DynamoDB."""

import ipaddress
from typing import TypedDict

import pulumi
import pulumi_aws as aws

ZONES = 2
SUBNET_PREFIX_LENGTH = 24


class NetworkArgs(TypedDict):
    """What a Network needs."""

    cidr: str
    """Private address range of the VPC, /16 to /22."""
    region: pulumi.Input[str]


class Network(pulumi.ComponentResource):
    """A VPC in two zones.

    Its subnets are public, so that a task reaches a partner's server and the image registry without a NAT gateway's
    monthly price; nothing reaches a task, since no security group has a rule for what comes in.
    """

    vpc_id: pulumi.Output[str]
    subnet_ids: pulumi.Output[list[str]]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:network:Network", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args["cidr"],
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": name},
            opts=self._child,
        )
        self.vpc_id = vpc.id
        # The group that AWS puts things into which name none: it lets nothing in or out.
        aws.ec2.DefaultSecurityGroup(f"{name}-default-closed", vpc_id=vpc.id, ingress=[], egress=[], opts=self._child)
        routes = self._route_to_internet(name)
        self._create_subnets(name, args["cidr"], routes)
        for service in ("s3", "dynamodb"):
            aws.ec2.VpcEndpoint(
                f"{name}-{service}-gateway",
                vpc_id=vpc.id,
                service_name=pulumi.Output.concat("com.amazonaws.", args["region"], ".", service),
                vpc_endpoint_type="Gateway",
                route_table_ids=[routes.id],
                opts=self._child,
            )
        self.register_outputs({"vpcId": self.vpc_id, "subnetIds": self.subnet_ids})

    def _route_to_internet(self, name: str) -> aws.ec2.RouteTable:
        gateway = aws.ec2.InternetGateway(f"{name}-internet", vpc_id=self.vpc_id, opts=self._child)
        table = aws.ec2.RouteTable(f"{name}-public", vpc_id=self.vpc_id, opts=self._child)
        aws.ec2.Route(
            f"{name}-to-internet",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=self._child,
        )
        return table

    def _create_subnets(self, name: str, cidr: str, routes: aws.ec2.RouteTable) -> None:
        zones = aws.get_availability_zones_output(state="available").names
        ranges = ipaddress.ip_network(cidr).subnets(new_prefix=SUBNET_PREFIX_LENGTH)
        subnets: list[pulumi.Output[str]] = []
        for index, block in zip(range(ZONES), ranges, strict=False):
            subnet = aws.ec2.Subnet(
                f"{name}-public-{index}",
                vpc_id=self.vpc_id,
                cidr_block=str(block),
                availability_zone=zones[index],
                map_public_ip_on_launch=False,
                opts=self._child,
            )
            aws.ec2.RouteTableAssociation(
                f"{name}-public-{index}", subnet_id=subnet.id, route_table_id=routes.id, opts=self._child
            )
            subnets.append(subnet.id)
        self.subnet_ids = pulumi.Output.all(*subnets)
