"""The network of tasks and of functions that reach servers in it: a new VPC, or an existing one."""

import ipaddress
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from dataplatform.aws.endpoint_policies import endpoint_policy
from dataplatform.aws.policies import allow, document, trust_service
from dataplatform.aws.stack import StackContext
from dataplatform.aws.stopping import leave_as_stopped
from dataplatform.settings.sources import NetworkSettings

ZONES = 2
SUBNET_PREFIX_LENGTH = 24


class Network(pulumi.ComponentResource):
    """A VPC in two zones with public and private subnets.

    In the public subnets, tasks reach the image registry and partners' servers without the monthly price of a NAT
    gateway. Nothing can connect to a task, because no security group has an ingress rule except those that a component
    adds.
    """

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    public_subnet_ids: pulumi.Output[list[str]]
    """Ids of the subnets with a route to the internet, one per zone."""
    private_subnet_ids: pulumi.Output[list[str]]
    """Ids of the subnets without such a route, or with a route through NAT only, one per zone."""
    nat_addresses: pulumi.Output[list[str]]
    """Fixed addresses that partners see and can allow; empty without NAT."""
    endpoints: pulumi.Output[list[dict[str, str]]]
    """Interface endpoints, each with its `endpoint` and its `subnet`. They are charged while they are in a subnet."""
    domain: str | None
    """Private DNS domain of the stack's own servers, if any."""
    namespace_id: pulumi.Output[str] | None
    """Id of the namespace in which servers register their names, if there is a domain."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackContext,
        settings: NetworkSettings,
        private_services: Sequence[str] = (),
        domain: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the network, or use the existing one in the settings.

        Args:
            name: prefix of the resources' names.
            stack: the stack's context with its key.
            settings: address range and NAT gateways, or an existing network, in which nothing is created.
            private_services: AWS services, such as "ssm", that the private subnets reach without NAT.
            domain: private DNS domain of servers in the network. None: the network has no domain.
            opts: options of the component.
        """
        super().__init__("dataplatform:network:Network", name, None, opts)
        self._name, self._stack, self._settings = name, stack, settings
        self._child = pulumi.ResourceOptions(parent=self)
        self.nat_addresses = pulumi.Output.from_input([])
        self.endpoints = pulumi.Output.from_input([])
        if settings.vpc_id is None:
            self._create(private_services)
        else:
            self.vpc_id = pulumi.Output.from_input(settings.vpc_id)
            self.public_subnet_ids = pulumi.Output.from_input(list(settings.public_subnet_ids))
            self.private_subnet_ids = pulumi.Output.from_input(list(settings.private_subnet_ids))
        self.domain = domain
        self.namespace_id = None
        if domain is not None:
            namespace = aws.servicediscovery.PrivateDnsNamespace(
                f"{name}-names", name=domain, vpc=self.vpc_id, opts=self._child
            )
            self.namespace_id = namespace.id
        self.register_outputs(
            {
                "vpcId": self.vpc_id,
                "publicSubnetIds": self.public_subnet_ids,
                "privateSubnetIds": self.private_subnet_ids,
                "natAddresses": self.nat_addresses,
            }
        )

    @property
    def exports(self) -> Mapping[str, object]:
        """The stack's outputs about its network."""
        return {"natAddresses": self.nat_addresses}

    def _create(self, private_services: Sequence[str]) -> None:
        name, settings = self._name, self._settings
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=settings.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": name},
            opts=self._child,
        )
        self.vpc_id = vpc.id
        # AWS puts resources without a security group into this one; it lets nothing in or out.
        aws.ec2.DefaultSecurityGroup(f"{name}-default-closed", vpc_id=vpc.id, ingress=[], egress=[], opts=self._child)
        public = aws.ec2.RouteTable(f"{name}-public", vpc_id=vpc.id, opts=self._child)
        gateway = aws.ec2.InternetGateway(f"{name}-internet", vpc_id=vpc.id, opts=self._child)
        to_internet = self._route(f"{name}-to-internet", public, gateway_id=gateway.id)
        ranges = ipaddress.ip_network(settings.cidr).subnets(new_prefix=SUBNET_PREFIX_LENGTH)
        blocks = [str(block) for block, _ in zip(ranges, range(2 * ZONES), strict=False)]
        self.public_subnet_ids = self._create_subnets("public", blocks[:ZONES], [public] * ZONES, [to_internet])
        private = [
            aws.ec2.RouteTable(f"{name}-private-{zone}", vpc_id=vpc.id, opts=self._child) for zone in range(ZONES)
        ]
        to_nat = self._create_nat(private, gateway)
        self.private_subnet_ids = self._create_subnets("private", blocks[ZONES:], private, to_nat)
        # Gateway endpoints are free, and keep this traffic away from the internet and NAT.
        for service in ("s3", "dynamodb"):
            aws.ec2.VpcEndpoint(
                f"{name}-{service}-gateway",
                vpc_id=vpc.id,
                service_name=self._service(service),
                vpc_endpoint_type="Gateway",
                route_table_ids=[table.id for table in (public, *private)],
                policy=endpoint_policy(service, self._stack),
                opts=self._child,
            )
        if private_services and not settings.nat_gateways:
            self._reach_services(private_services)
        self._log_refusals()

    def _service(self, service: str) -> pulumi.Output[str]:
        return pulumi.Output.concat("com.amazonaws.", self._stack.region, ".", service)

    def _route(self, name: str, table: aws.ec2.RouteTable, **by: pulumi.Input[str]) -> aws.ec2.Route:
        return aws.ec2.Route(name, route_table_id=table.id, destination_cidr_block="0.0.0.0/0", **by, opts=self._child)

    def _create_subnets(
        self,
        kind: str,
        blocks: Sequence[str],
        tables: Sequence[aws.ec2.RouteTable],
        routes: Sequence[aws.ec2.Route],
    ) -> pulumi.Output[list[str]]:
        """Create a subnet for each block. Returns their ids once each can use its routes.

        A task that starts earlier cannot pull its image, and the circuit breaker of a deployment counts that as a
        failure.
        """
        # Not Local Zones, which an account may opt in to: they have no NAT gateways and few services.
        zones = aws.get_availability_zones_output(
            state="available",
            filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
            opts=pulumi.InvokeOutputOptions(parent=self),
        ).names
        subnets: list[pulumi.Output[str]] = []
        ready: list[pulumi.Output[str]] = [route.id for route in routes]
        for index, (block, table) in enumerate(zip(blocks, tables, strict=True)):
            name = f"{self._name}-{kind}-{index}"
            subnet = aws.ec2.Subnet(
                name,
                vpc_id=self.vpc_id,
                cidr_block=block,
                availability_zone=zones[index],
                map_public_ip_on_launch=False,
                opts=self._child,
            )
            association = aws.ec2.RouteTableAssociation(
                name, subnet_id=subnet.id, route_table_id=table.id, opts=self._child
            )
            subnets.append(subnet.id)
            ready.append(association.id)
        return pulumi.Output.all(pulumi.Output.all(*subnets), *ready).apply(lambda values: values[0])

    def _create_nat(
        self, private: Sequence[aws.ec2.RouteTable], internet: aws.ec2.InternetGateway
    ) -> list[aws.ec2.Route]:
        # Otherwise the NAT gateway fails: "Network vpc-… has no Internet gateway attached".
        after_internet = pulumi.ResourceOptions(parent=self, depends_on=[internet])
        addresses: list[aws.ec2.Eip] = []
        gateways: list[aws.ec2.NatGateway] = []
        for index in range(self._settings.nat_gateways):
            address = aws.ec2.Eip(f"{self._name}-nat-{index}", domain="vpc", opts=after_internet)
            subnet = self.public_subnet_ids.apply(lambda ids, index=index: ids[index])
            gateways.append(
                aws.ec2.NatGateway(
                    f"{self._name}-nat-{index}", allocation_id=address.id, subnet_id=subnet, opts=after_internet
                )
            )
            addresses.append(address)
        if not gateways:
            return []
        self.nat_addresses = pulumi.Output.all(*(address.public_ip for address in addresses))
        # One gateway serves both zones; if there are two, each serves its own zone.
        return [
            self._route(f"{self._name}-to-nat-{zone}", table, nat_gateway_id=gateways[zone % len(gateways)].id)
            for zone, table in enumerate(private)
        ]

    def _reach_services(self, services: Sequence[str]) -> None:
        """Create the interface endpoints. They are charged per hour and zone, so one zone serves both."""
        name = self._name
        group = aws.ec2.SecurityGroup(
            f"{name}-endpoints",
            description="Interface endpoints: HTTPS from within the network",
            vpc_id=self.vpc_id,
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-endpoints-in",
            description="HTTPS from within the network",
            security_group_id=group.id,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=self._settings.cidr,
            opts=self._child,
        )
        subnet = self.private_subnet_ids.apply(lambda ids: ids[0])
        endpoints: list[pulumi.Output[dict[str, str]]] = []
        for service in services:
            endpoint = aws.ec2.VpcEndpoint(
                f"{name}-{service}-interface",
                vpc_id=self.vpc_id,
                service_name=self._service(service),
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=[subnet],
                security_group_ids=[group.id],
                opts=pulumi.ResourceOptions.merge(leave_as_stopped(["subnet_ids"], subnet), self._child),
            )
            endpoints.append(pulumi.Output.all(endpoint=endpoint.id, subnet=subnet))
        self.endpoints = pulumi.Output.all(*endpoints)

    def _log_refusals(self) -> None:
        """Log refused connections, because people look for those. The servers log accepted connections."""
        name, stack = self._name, self._stack
        logs = aws.cloudwatch.LogGroup(
            f"{name}-refusals",
            name=f"/{name}/refusals",
            retention_in_days=stack.log_retention_days,
            kms_key_id=stack.key_arn,
            opts=self._child,
        )
        role = aws.iam.Role(
            f"{name}-refusals-role",
            description="Writes the network's flow logs",
            assume_role_policy=trust_service("vpc-flow-logs.amazonaws.com", stack.account_id),
            opts=self._child,
        )
        permissions = aws.iam.RolePolicy(
            f"{name}-writes-refusals",
            role=role.name,
            policy=document(
                allow(
                    "WriteFlowLogs",
                    ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                    [logs.arn, pulumi.Output.concat(logs.arn, ":*")],
                ),
                # The action does not support resources:
                # docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
                allow("FindLogGroup", ["logs:DescribeLogGroups"], ["*"]),
            ),
            opts=self._child,
        )
        aws.ec2.FlowLog(
            f"{name}-refusals",
            vpc_id=self.vpc_id,
            traffic_type="REJECT",
            log_destination=logs.arn,
            iam_role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions]),
        )
