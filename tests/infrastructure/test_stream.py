"""The stream's resources: the API matches its document, and each part has only the rights that it needs."""

import json
from pathlib import Path

import yaml

from tests.infrastructure.test_security_controls import graph_statements
from tests.support.recording import Graph

DOCUMENT = yaml.safe_load((Path(__file__).resolve().parents[2] / "docs/openapi.yaml").read_text())
METHODS = {"get", "put", "post", "delete", "patch", "head"}


def api_paths(graph: Graph) -> dict[str, str]:
    """Return the path of each API resource, by its reference."""
    resources = {resource.name: resource.inputs for resource in graph.of_type("apigateway/resource:Resource")}

    def path(name: str) -> str:
        parent = resources[name]["parentId"].removeprefix("${").removesuffix("}").rpartition(".")[0]
        return (path(parent) if parent in resources else "") + "/" + resources[name]["pathPart"]

    return {f"${{{name}.id}}": path(name) for name in resources}


def methods_of(graph: Graph, *, preflight: bool = False) -> set[tuple[str, str]]:
    paths = api_paths(graph)
    return {
        (paths[method.inputs["resourceId"]], method.inputs["httpMethod"])
        for method in graph.of_type("apigateway/method:Method")
        if (method.inputs["httpMethod"] == "OPTIONS") is preflight
    }


def test_paths_and_methods_are_the_documents(graph: Graph) -> None:
    documented = {
        (path, method.upper())
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
        if method in METHODS
    }
    assert methods_of(graph) == documented


def test_every_path_answers_a_browsers_preflight(graph: Graph) -> None:
    assert methods_of(graph, preflight=True) == {(path, "OPTIONS") for path in DOCUMENT["paths"]}


def test_a_method_needs_a_key_where_the_document_says_so(graph: Graph) -> None:
    paths = api_paths(graph)
    keyed = {
        paths[method.inputs["resourceId"]]
        for method in graph.of_type("apigateway/method:Method")
        if method.inputs.get("apiKeyRequired")
    }
    assert keyed == {
        path for path, operations in DOCUMENT["paths"].items() if operations.get("post", {}).get("security")
    }


def test_only_this_apis_stage_invokes_the_receiver(graph: Graph) -> None:
    permission = graph.only("lambda/permission:Permission", "-stream-api-invokes").inputs
    api = graph.only("apigateway/restApi:RestApi").name
    assert permission["principal"] == "apigateway.amazonaws.com"
    assert permission["sourceArn"] == f"${{{api}.executionArn}}/v1/*/*"


def test_every_gateway_answer_is_a_problem_document_with_cors(graph: Graph) -> None:
    answers = [answer.inputs for answer in graph.of_type("apigateway/response:Response")]
    assert {"THROTTLED", "INVALID_API_KEY", "REQUEST_TOO_LARGE", "DEFAULT_4XX", "DEFAULT_5XX"} <= {
        answer["responseType"] for answer in answers
    }
    for answer in answers:
        problem = json.loads(answer["responseTemplates"]["application/json"])
        assert problem.get("status") == (int(answer["statusCode"]) if "statusCode" in answer else None)
        assert problem["request_id"] == "$context.requestId"
        headers = answer["responseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


def test_default_answer_keeps_the_status_of_each_refusal(graph: Graph) -> None:
    # given that a default answer's status is that of every refusal without an answer of its own: 400, 401, 404, 410
    [answer] = [
        each.inputs
        for each in graph.of_type("apigateway/response:Response")
        if each.inputs["responseType"] == "DEFAULT_4XX"
    ]

    # then it has none, and does not advise sending a key
    assert "statusCode" not in answer
    assert "key" not in json.loads(answer["responseTemplates"]["application/json"])["detail"]


def test_the_gateway_says_when_to_send_a_throttled_request_again(graph: Graph) -> None:
    # given the answers with the header, by type
    header = "gatewayresponse.header.Retry-After"
    answers = {each.inputs["responseType"]: each.inputs for each in graph.of_type("apigateway/response:Response")}
    waits = {kind: each["responseParameters"].get(header) for kind, each in answers.items()}

    # then they are those with the status 429
    assert {kind for kind, wait in waits.items() if wait} == {
        kind for kind, each in answers.items() if each.get("statusCode") == "429"
    }
    assert waits["THROTTLED"] == "'1'"


def test_each_provider_has_a_key_and_limits_of_its_own(graph: Graph) -> None:
    plan = graph.only("apigateway/usagePlan:UsagePlan", "-scanner").inputs
    assert plan["throttleSettings"]["rateLimit"] > 0
    assert plan["quotaSettings"]["period"] == "DAY"


def test_receiver_knows_the_provider_of_every_key(graph: Graph) -> None:
    variables = graph.only("lambda/function:Function", "-stream-receiver-function").inputs["environment"]["variables"]
    known = json.loads(variables["API_KEY_PROVIDERS"])
    keys = [key.name for key in graph.of_type("apigateway/apiKey:ApiKey")]
    assert known == {f"${{{name}.id}}": name.partition("-api-keys-")[2].partition("-")[0] for name in keys}
    assert "scanner" in known.values()


def test_receiver_knows_the_name_of_every_callback(graph: Graph) -> None:
    variables = graph.only("lambda/function:Function", "-stream-receiver-function").inputs["environment"]["variables"]
    parameters = [each.inputs for each in graph.of_type("ssm/parameter:Parameter") if each.inputs["type"] == "String"]
    callbacks = [each["name"].rpartition("/")[2] for each in parameters if "/events/callbacks/" in each["name"]]
    assert sorted(filter(None, variables["CALLBACK_PROVIDERS"].split(","))) == sorted(callbacks)


def test_bodies_reach_the_receiver_as_they_were_sent(graph: Graph) -> None:
    # given that API Gateway converts each body that is not of a binary media type to text
    api = graph.only("apigateway/restApi:RestApi").inputs
    assert api["binaryMediaTypes"] == ["application/json"]

    # then its own answers to preflight requests, which have no media type, are still text
    preflights = [
        each.inputs
        for kind in ("integration:Integration", "integrationResponse:IntegrationResponse")
        for each in graph.of_type(f"apigateway/{kind}")
        if each.inputs["httpMethod"] == "OPTIONS"
    ]
    assert len(preflights) == 2 * len(DOCUMENT["paths"])
    assert {each["contentHandling"] for each in preflights} == {"CONVERT_TO_TEXT"}

    # and a deployment follows a change of the types
    triggers = graph.only("apigateway/deployment:Deployment").inputs["triggers"]
    assert json.dumps(api["binaryMediaTypes"]) in triggers.values()


def test_api_keys_of_a_deployed_stack_are_not_replaced(graph: Graph) -> None:
    # given keys that belonged to ApiKeys, and ApiKeys to RestApi
    plans = graph.only("apigateway/usagePlan:UsagePlan", "-scanner").parent

    # then they are found under their earlier names in the state
    for key in graph.of_type("apigateway/apiKey:ApiKey"):
        [former] = key.former_parents
        assert former.rpartition("::")[2] == plans.rpartition("::")[2]
        assert former.split("::")[-2].endswith("RestApi$dataplatform:stream:ApiKeys")


def test_api_keys_and_signing_secrets_are_secrets(stack_graph: Graph) -> None:
    stored = [stack_graph.only("ssm/parameter:Parameter", suffix) for suffix in ("-keys-scanner", "-scales-secret")]
    assert all(
        "value" in parameter.secret_inputs and parameter.inputs["type"] == "SecureString" for parameter in stored
    )


def test_the_access_log_holds_no_payload_query_header_or_key(graph: Graph) -> None:
    stage = graph.only("apigateway/stage:Stage").inputs
    logged = set(json.loads(stage["accessLogSettings"]["format"]).values())
    assert not {value for value in logged if "querystring" in value or "header" in value or value.endswith("apiKey")}


def test_batcher_is_updated_before_the_receiver(graph: Graph) -> None:
    # given that the older batcher would refuse what a newer receiver adds to a message
    receiver, batcher = (
        graph.only("lambda/function:Function", f"-stream-{name}-function") for name in ("receiver", "batcher")
    )

    # then
    assert batcher.urn in receiver.dependencies


def test_queue_moves_undeliverable_messages_to_dead_letters(graph: Graph) -> None:
    queue = graph.only("sqs/queue:Queue", "-stream-events").inputs
    dead_letters = graph.only("sqs/queue:Queue", "-stream-dead-letters").name
    assert json.loads(queue["redrivePolicy"])["deadLetterTargetArn"] == f"${{{dead_letters}.arn}}"


def test_a_batch_stays_hidden_for_six_times_the_batchers_time(graph: Graph) -> None:
    queue = graph.only("sqs/queue:Queue", "-stream-events").inputs
    batcher = graph.only("lambda/function:Function", "-stream-batcher-function").inputs
    assert queue["visibilityTimeoutSeconds"] >= 6 * batcher["timeout"]


def test_the_batcher_answers_message_by_message(graph: Graph) -> None:
    mapping = graph.only("lambda/eventSourceMapping:EventSourceMapping", "-stream-batches").inputs
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["scalingConfig"]["maximumConcurrency"] >= 2


def test_the_queues_refuse_plain_http_on_aws(cloud_graph: Graph) -> None:
    for queue in ("events", "dead-letters"):
        policy = graph_statements(cloud_graph, f"-stream-{queue}-policy.policy", "DenyPlainHttp")
        assert (policy["Effect"], policy["Principal"]) == ("Deny", "*")


def test_the_receiver_reads_no_api_key_and_no_object(graph: Graph) -> None:
    policy = f"data-platform-{graph.stack}-stream-receiver-permissions.policy"
    statements = {statement["Sid"]: statement for statement in graph.policies()[policy]}
    parameters = [resource.partition(":parameter")[2] for resource in statements["ReadCallbacks"]["Resource"]]
    given = {"/example/first", "/example/second"}
    assert {*parameters} - given == {f"/data-platform/{graph.stack}/events/callbacks/*"}
    assert not [
        action for statement in statements.values() for action in statement["Action"] if action.startswith("s3:")
    ]


def test_the_batcher_writes_under_the_streams_prefix_only(graph: Graph) -> None:
    statement = graph_statements(graph, "-stream-batcher-permissions.policy", "LandEvents")
    bucket = graph.only("s3/bucket:Bucket", "-bucket").name
    assert statement["Action"] == ["s3:PutObject"]
    assert statement["Resource"] == [f"${{{bucket}.arn}}/inbound/readings/*"]


def test_exports_name_the_streams_addresses_and_queues(stack_graph: Graph) -> None:
    name = f"data-platform-{stack_graph.stack}"
    expected = {
        "eventsUrl": f"${{{name}-stream-api-stage.invokeUrl}}",
        "eventsApiId": f"${{{name}-stream-api-api.id}}",
        "eventsApiKeyParameters": {
            provider: f"/data-platform/{stack_graph.stack}/events/providers/{provider}/api-key"
            for provider in (("scanner", "handheld") if stack_graph.stack == "local" else ("scanner",))
        },
        "eventsCallbackSecretParameters": {
            "scales": f"/data-platform/{stack_graph.stack}/events/callbacks/scales/secret",
        },
        "eventsQueueUrl": f"${{{name}-stream-events.url}}",
        "eventsDeadLetterQueueUrl": f"${{{name}-stream-dead-letters.url}}",
        "eventReceiverFunction": f"${{{name}-stream-receiver-function.name}}",
        "eventBatcherFunction": f"${{{name}-stream-batcher-function.name}}",
        "attributesTable": f"${{{name}-attributes-table.name}}",
        "totalsTable": f"${{{name}-attributes-totals.name}}",
        "objectAttributesFunction": f"${{{name}-attributes-recorder-function.name}}",
        "attributesQueueUrl": f"${{{name}-attributes-objects.url}}",
        "attributesDeadLetterQueueUrl": f"${{{name}-attributes-dead-letters.url}}",
        "extractionDeadLetterQueueUrl": f"${{{name}-extraction-dead-letters.url}}",
    }
    assert {export: stack_graph.exports[export] for export in expected} == expected
