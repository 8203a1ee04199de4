"""The demo's source servers and the network: who gets in, what they are given, and what a changed file changes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataplatform.sql.images import IMAGES
from emulation.pulumi_engine import EngineError
from tests.support.recording import RUNNING, Graph, Recorded, record

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOi3KaK21IO7ahGff0L1pyWS1IRm/mPW8snkB2KAyu21"
PARTNER = {"host": "sftp.partner.example", "user": "u", "hostKeys": [HOST_KEY]}
DEMO = {"demoServer": True, "user": "dataplatform"}


def container_of(graph: Graph, task: str) -> dict[str, Any]:
    [container] = json.loads(graph.only("ecs/taskDefinition:TaskDefinition", task).inputs["containerDefinitions"])
    return container


@pytest.fixture(params=["-source-sftp-task", "-source-sql-task"])
def container(request: pytest.FixtureRequest, running: Graph) -> dict[str, Any]:
    return container_of(running, request.param)


def statements(graph: Graph, where: str) -> list[dict[str, Any]]:
    [found] = [each for place, each in graph.policies().items() if place.endswith(where)]
    return found


# Who gets in


def test_only_its_collector_may_connect_to_a_server(running: Graph) -> None:
    # when
    rules = {
        rule.name.partition("-source-")[2]: rule.inputs
        for rule in running.of_type("vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        if "-source-" in rule.name
    }

    # then each server has one rule, for one group and one port
    assert {name: (rule["fromPort"], rule["toPort"]) for name, rule in rules.items()} == {
        "sftp-from-collector": (2222, 2222),
        "sql-from-extraction": (1433, 1433),
    }
    firewalls = {"collector-sftp-firewall", "extraction-firewall"}
    allowed = {rule["referencedSecurityGroupId"] for rule in rules.values()}
    assert allowed == {f"${{data-platform-dev-{firewall}.id}}" for firewall in firewalls}


def test_ranges_of_the_settings_may_connect_and_no_other() -> None:
    graph = record("dev", sources=RUNNING | {"allowedCidrs": ["203.0.113.0/24"]})
    rules = graph.of_type("vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    ranges = {
        (rule.inputs["cidrIpv4"], rule.inputs["fromPort"])
        for rule in rules
        if "-source-" in rule.name and "cidrIpv4" in rule.inputs
    }
    assert ranges == {("203.0.113.0/24", 2222), ("203.0.113.0/24", 1433)}


def test_what_stops_with_a_server_is_its_own_datasets_schedules_and_the_endpoint(running: Graph) -> None:
    servers = running.exports["sourceServers"]
    assert [name.partition("/")[2] for name in servers["sftp"]["schedules"]] == ["parcels", "parcels.continuation"]
    assert servers["sql"]["schedules"]
    [endpoint] = servers["sftp"]["endpoints"]
    assert endpoint == {
        "endpoint": "${data-platform-dev-network-ssm-interface.id}",
        "subnet": "${data-platform-dev-network-private-0.id}",
    }
    assert servers["sql"]["endpoints"] == []


def test_an_endpoint_that_another_connection_needs_does_not_stop_with_a_server() -> None:
    graph = record("dev", sources=RUNNING, connections={"carrier": DEMO, "partner": PARTNER | {"inVpc": True}})
    assert graph.exports["sourceServers"]["sftp"]["endpoints"] == []


def test_prod_has_no_demo_server(prod_graph: Graph) -> None:
    assert prod_graph.of_type("ecs/service:Service") == []
    assert prod_graph.exports["sourceServers"] == {}
    assert [each.name for each in prod_graph.resources if each.type == "dataplatform:sources:SourceServer"] == []


@pytest.mark.parametrize("everybody", ["0.0.0.0/0", "128.0.0.0/1"])
@pytest.mark.parametrize("demo", [False, True])
def test_prod_never_lets_everybody_in(everybody: str, demo: bool) -> None:
    with pytest.raises(EngineError, match=r"sources\.allowedCidrs: .* lets everybody in, which 'prod' does not allow"):
        record("prod", sources={"allowedCidrs": [everybody]}, demo=demo)


def test_another_stack_lets_everybody_in_only_where_it_says_that_it_is_a_demo() -> None:
    sources = RUNNING | {"allowedCidrs": ["0.0.0.0/0"]}
    with pytest.raises(EngineError, match=r"lets everybody in; name your own addresses, or set data-platform:demo"):
        record("dev", sources=sources)
    assert record("dev", sources=sources, demo=True).of_type("ecs/service:Service")


def test_sql_server_needs_its_licence_accepted() -> None:
    with pytest.raises(EngineError, match=r"databases\.office\.demoServer: .*acceptSqlServerEula: true"):
        record("dev", sources={"desiredCount": 1})


# What a server is given


def test_a_server_is_given_its_secrets_by_reference(running: Graph, container: dict[str, Any]) -> None:
    arns = {f"${{{parameter.name}.arn}}" for parameter in running.of_type("ssm/parameter:Parameter")}
    assert container["secrets"]
    assert {secret["valueFrom"] for secret in container["secrets"]} <= arns
    assert not [each for each in container["environment"] if "KEY" in each["name"] or "PASSWORD" in each["name"]]
    assert all(task.secret_inputs == frozenset() for task in running.of_type("ecs/taskDefinition:TaskDefinition"))


def test_a_secrets_new_version_starts_a_new_task(container: dict[str, Any]) -> None:
    labelled = {label.removeprefix("version.") for label in container["dockerLabels"]}
    assert labelled == {secret["name"] for secret in container["secrets"]}
    assert all(value.endswith(".version}") for value in container["dockerLabels"].values())


def test_private_keys_and_passwords_of_a_server_are_secure_strings_under_the_platforms_key(
    running: Graph, container: dict[str, Any]
) -> None:
    parameters = {f"${{{each.name}.arn}}": each for each in running.of_type("ssm/parameter:Parameter")}
    key = running.only("kms/key:Key")
    public = {"SFTP_AUTHORIZED_KEYS", "SQL_CERTIFICATE"}
    for secret in container["secrets"]:
        parameter = parameters[secret["valueFrom"]].inputs
        if secret["name"] not in public:
            assert (parameter["type"], parameter["keyId"]) == ("SecureString", f"${{{key.name}.arn}}")


@pytest.mark.parametrize("server", ["sftp", "sql"])
def test_a_servers_execution_reads_its_own_secrets_alone_and_the_server_may_do_nothing(
    running: Graph, server: str
) -> None:
    # given
    container = container_of(running, f"-source-{server}-task")
    [read] = [
        each
        for each in statements(running, f"-source-{server}-execution-permissions.policy")
        if each["Sid"] == "ReadSecrets"
    ]

    # then
    assert set(read["Resource"]) == {secret["valueFrom"] for secret in container["secrets"]}
    task = running.only("ecs/taskDefinition:TaskDefinition", f"-source-{server}-task").inputs
    role = task["taskRoleArn"].removeprefix("${").removesuffix(".arn}")
    assert role != task["executionRoleArn"].removeprefix("${").removesuffix(".arn}")
    assert not [each.name for each in running.of_type("iam/rolePolicy:RolePolicy") if role in str(each.inputs["role"])]


def test_neither_collector_reads_a_servers_own_secrets(running: Graph) -> None:
    for policy in ("-collector-sftp-permissions.policy", "-extraction-task-permissions.policy"):
        read = [each["Resource"] for each in statements(running, policy) if each["Sid"] == "ReadConfiguration"]
        assert read
        assert "-servers/" not in json.dumps(read)


def test_host_key_and_authority_are_what_the_collectors_pin(running: Graph) -> None:
    connection = json.loads(running.only("ssm/parameter:Parameter", "-carrier-connection").inputs["value"])
    pinned = running.only("ssm/parameter:Parameter", "-office-certificate").inputs["value"]
    assert connection["host"] == "sftp.data-platform-dev.internal"
    assert connection["host_keys"] == ["${data-platform-dev-collector-carrier-host-key.publicKeyOpenssh}"]
    assert pinned == "${data-platform-dev-extraction-office-authority.certPem}"


def test_the_sftp_servers_root_is_read_only_and_unused_rights_are_dropped(running: Graph) -> None:
    container = container_of(running, "-source-sftp-task")
    assert container["readonlyRootFilesystem"] is True
    assert {"NET_RAW", "DAC_OVERRIDE", "MKNOD"} <= set(container["linuxParameters"]["capabilities"]["drop"])


def test_a_deployment_that_does_not_get_healthy_goes_back_and_is_told(running: Graph) -> None:
    for service in running.of_type("ecs/service:Service"):
        assert service.inputs["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    patterns = [rule.inputs.get("eventPattern", "") for rule in running.of_type("cloudwatch/eventRule:EventRule")]
    assert len([each for each in patterns if "SERVICE_DEPLOYMENT_FAILED" in each]) == 2


# Stopped


def test_stopped_servers_have_no_task_no_endpoint_and_no_schedule_that_fails(graph_of: Callable[[str], Graph]) -> None:
    # given dev as committed, its servers stopped
    graph = graph_of("dev")

    # then
    assert {service.inputs["desiredCount"] for service in graph.of_type("ecs/service:Service")} == {0}
    assert {each.inputs["vpcEndpointType"] for each in graph.of_type("ec2/vpcEndpoint:VpcEndpoint")} == {"Gateway"}
    schedules = graph.of_type("scheduler/schedule:Schedule")
    assert {schedule.inputs["state"] for schedule in schedules} == {"DISABLED"}


def test_running_servers_have_schedules_that_are_kept(running: Graph) -> None:
    assert all("state" not in each.inputs for each in running.of_type("scheduler/schedule:Schedule"))


# The network


def endpoints(graph: Graph) -> set[tuple[str, str]]:
    found = graph.of_type("ec2/vpcEndpoint:VpcEndpoint")
    return {(each.inputs["vpcEndpointType"], each.inputs["serviceName"].rpartition(".")[2]) for each in found}


def test_a_collector_in_the_network_runs_in_private_subnets_and_needs_one_endpoint(running: Graph) -> None:
    function = running.only("lambda/function:Function", "-collector-sftp-function").inputs
    others = [each for each in running.of_type("lambda/function:Function") if "vpcConfig" in each.inputs]
    subnets = {f"${{data-platform-dev-network-private-{zone}.id}}" for zone in (0, 1)}
    assert set(function["vpcConfig"]["subnetIds"]) == subnets
    assert len(others) == 1
    assert endpoints(running) == {("Gateway", "s3"), ("Gateway", "dynamodb"), ("Interface", "ssm")}


def test_a_network_that_nothing_collects_in_has_gateways_alone_and_no_nat(prod_graph: Graph) -> None:
    assert endpoints(prod_graph) == {("Gateway", "s3"), ("Gateway", "dynamodb")}
    assert prod_graph.of_type("ec2/natGateway:NatGateway") == []
    assert "vpcConfig" not in prod_graph.only("lambda/function:Function", "-collector-sftp-function").inputs


def test_nat_gives_fixed_addresses_and_takes_the_endpoints_place() -> None:
    # given a partner who lists our addresses
    graph = record("prod", connections={"carrier": PARTNER | {"inVpc": True}}, network={"natGateways": 1})

    # then both zones go out by the one gateway, whose address is exported
    routes = [each.inputs for each in graph.of_type("ec2/route:Route") if "natGatewayId" in each.inputs]
    assert [route["natGatewayId"] for route in routes] == ["${data-platform-prod-network-nat-0.id}"] * 2
    assert graph.exports["natAddresses"] == ["${data-platform-prod-network-nat-0.publicIp}"]
    assert endpoints(graph) == {("Gateway", "s3"), ("Gateway", "dynamodb")}
    assert "vpcConfig" in graph.only("lambda/function:Function", "-collector-sftp-function").inputs


def test_a_partner_outside_is_not_made_unreachable_by_a_server_inside() -> None:
    with pytest.raises(EngineError, match=r"connections\.carrier: the collector runs in the network.*natGateways"):
        record("prod", connections={"carrier": PARTNER, "ours": DEMO})


def test_an_existing_network_is_taken_and_nothing_of_it_is_made() -> None:
    existing = {
        "vpcId": "vpc-0a1b2c3d",
        "publicSubnetIds": ["subnet-0000000a"],
        "privateSubnetIds": ["subnet-0000000b"],
    }
    graph = record("prod", network=existing)
    made = {each.type for each in graph.resources if each.type.startswith("aws:ec2")}
    assert made == {"aws:ec2/securityGroup:SecurityGroup"}
    assert {each.inputs["vpcId"] for each in graph.of_type("ec2/securityGroup:SecurityGroup")} == {"vpc-0a1b2c3d"}


def test_what_a_network_refuses_is_logged(graph: Graph) -> None:
    flow = graph.only("ec2/flowLog:FlowLog").inputs
    logs = graph.only("cloudwatch/logGroup:LogGroup", "-network-refusals")
    assert (flow["trafficType"], flow["logDestination"]) == ("REJECT", f"${{{logs.name}.arn}}")


# Keys


def test_a_client_key_changes_without_a_moment_in_which_neither_is_let_in() -> None:
    # when a second key is made beside the first
    graph = record("prod", connections={"carrier": PARTNER | {"clientKeys": ["first", "second"]}})

    # then the first is used, and both are told to the server's owner
    used = graph.only("ssm/parameter:Parameter", "-carrier-client-key").inputs["value"]
    assert used == "${data-platform-prod-collector-carrier-first-client-key.privateKeyPem}"
    names = [
        f"${{data-platform-prod-collector-carrier-{key}-client-key.publicKeyOpenssh}}" for key in ("first", "second")
    ]
    assert graph.exports["connectionPublicKeys"] == {"carrier": "\n".join(names)}


# What a changed file changes


@pytest.fixture
def changed_image(graph_of: Callable[[str], Graph], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Graph:
    """Dev, after a file of the sftp image's context has changed."""
    # The graph before the change is recorded once, for all tests.
    graph_of("dev")
    sources = IMAGES["sftp"]
    folder = tmp_path / "sftp"
    for file in (path for path in sources.files[""].rglob("*") if path.is_file()):
        copy = folder / file.relative_to(sources.files[""])
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
        copy.chmod(file.stat().st_mode)
    with (folder / "sshd_config").open("a") as configuration:
        configuration.write("# changed\n")
    monkeypatch.setitem(IMAGES, "sftp", replace(sources, files={"": folder}))
    return record("dev")


def test_changed_file_changes_its_image_alone_and_tasks_run_it(
    graph_of: Callable[[str], Graph], changed_image: Graph
) -> None:
    def by_urn(graph: Graph) -> dict[str, Recorded]:
        return {each.urn: each for each in graph.resources if each.custom}

    before, after = by_urn(graph_of("dev")), by_urn(changed_image)
    assert before.keys() == after.keys()
    changed = {before[urn].name for urn in before if before[urn] != after[urn]}
    assert changed == {"data-platform-dev-source-sftp-image-image"}
    # and the task follows by the digest, which only the build knows
    image = container_of(changed_image, "-source-sftp-task")["image"]
    assert image == "${data-platform-dev-source-sftp-image-image.repoDigest}"
