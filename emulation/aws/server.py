"""The embedded AWS as a process: ministack, closed to other sites' pages, and corrected where it differs from AWS."""

import os
from typing import Any

from ministack import app as ministack
from ministack.core import iam_actions, lambda_runtime
from ministack.services import apigateway_v1

from emulation.aws.batches import give_whole_batches
from emulation.aws.emulator import PATIENCE_VARIABLE
from emulation.web_pages import guarded


def serve() -> None:
    """Serve the embedded AWS until the process is stopped."""
    _name_api_keys()
    _judge_databases()
    _serve_on_one_port()
    give_whole_batches()
    _let_functions_run(int(os.environ.get(PATIENCE_VARIABLE, "1")))
    ministack.app = guarded(ministack.app)
    ministack.main()


def _name_api_keys() -> None:
    """Pass the id of a request's API key to the function, as AWS does if the method requires a key.

    docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html,
    `$context.identity.apiKeyId`.
    """
    build, check = apigateway_v1._build_lambda_event_v1, apigateway_v1._check_api_key  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - it has no other place for it

    def build_with_key(*request: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - the emulator's own
        event: dict[str, Any] = build(*request, **more)
        api, stage, _, resource, _, method, headers = request[:7]
        methods = resource.get("resourceMethods", {})
        _, key = check(methods.get(method) or methods.get("ANY") or {}, api, stage, headers)
        if key is not None:
            event["requestContext"]["identity"] |= {"apiKeyId": key["id"], "apiKey": key["value"]}
        return event

    apigateway_v1._build_lambda_event_v1 = build_with_key  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as above


def _judge_databases() -> None:
    """Check a request for a Glue database against the database's ARN, as AWS does, instead of a table's ARN.

    docs.aws.amazon.com/service-authorization/latest/reference/list_awsglue.html, GetDatabase.
    """
    resource_of = iam_actions.extract_resource_arn

    def resource_as_aws(service: str, method: str, path: str, headers: dict[str, str], *more: Any) -> str:  # noqa: ANN401 - the emulator's own
        arn = resource_of(service, method, path, headers, *more)
        if headers.get("x-amz-target", "").endswith(".GetDatabase"):
            return arn.replace(":table/", ":database/")
        return arn

    iam_actions.extract_resource_arn = resource_as_aws


def _serve_on_one_port() -> None:
    """Stop the emulator from also listening on port 443 with TLS: nothing here uses that port."""
    ministack._port_is_bindable = lambda *_: False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as above


def _let_functions_run(times: int) -> None:
    """Multiply each function's timeout by a factor, also in the value that the function sees."""

    class PatientWorker(lambda_runtime.Worker):
        def __init__(self, func_name: str, config: dict[str, Any], code_zip: bytes) -> None:
            super().__init__(func_name, {**config, "Timeout": int(config.get("Timeout", 3)) * times}, code_zip)

    lambda_runtime.Worker = PatientWorker


if __name__ == "__main__":
    serve()
