"""API Gateway: the methods of a REST API and their answers."""

from typing import Final

from emulation.pulumi_engine.handler import Created, Handler, Request, recreates, removes
from emulation.pulumi_engine.handlers.api_patches import patches, same

_METHOD: Final = ("apiKeyRequired", "operationName", "requestParameters", "requestValidatorId")
_INTEGRATION: Final = (
    "connectionId",
    "connectionType",
    "contentHandling",
    "credentials",
    "requestParameters",
    "requestTemplates",
    "type",
    "uri",
)


def _create_resource(request: Request) -> Created:
    response = request.call(
        "apigateway",
        "create_resource",
        restApiId=request.inputs["restApi"],
        parentId=request.inputs["parentId"],
        pathPart=request.inputs["pathPart"],
    )
    return Created(response["id"], {"path": response["path"]})


def _put_method(request: Request) -> Created:
    request.call(
        "apigateway",
        "put_method",
        **_where(request),
        authorizationType=request.inputs["authorization"],
        **request.given(*_METHOD),
    )
    return Created(_identity(request, "agm"))


def _put_integration(request: Request) -> Created:
    inputs = request.inputs
    request.call(
        "apigateway",
        "put_integration",
        **_where(request),
        integrationHttpMethod=inputs.get("integrationHttpMethod"),
        timeoutInMillis=inputs.get("timeoutMilliseconds"),
        **request.given(*_INTEGRATION),
    )
    return Created(_identity(request, "agi"))


def _put_method_response(request: Request) -> Created:
    request.call(
        "apigateway",
        "put_method_response",
        **_where(request),
        statusCode=request.inputs["statusCode"],
        **request.given("responseModels", "responseParameters"),
    )
    return Created(_identity(request, "agmr", request.inputs["statusCode"]))


def _put_integration_response(request: Request) -> Created:
    request.call(
        "apigateway",
        "put_integration_response",
        **_where(request),
        statusCode=request.inputs["statusCode"],
        **request.given("contentHandling", "responseParameters", "responseTemplates", "selectionPattern"),
    )
    return Created(_identity(request, "agir", request.inputs["statusCode"]))


def _put_gateway_response(request: Request) -> Created:
    inputs = request.inputs
    request.call(
        "apigateway",
        "put_gateway_response",
        restApiId=inputs["restApiId"],
        **request.given("responseParameters", "responseTemplates", "responseType", "statusCode"),
    )
    return Created(f"aggr-{inputs['restApiId']}-{inputs['responseType']}")


def _where(request: Request) -> dict[str, str]:
    inputs = request.inputs
    return {
        "restApiId": inputs["restApi"],
        "resourceId": inputs["resourceId"],
        "httpMethod": inputs["httpMethod"],
    }


def _identity(request: Request, kind: str, *more: str) -> str:
    inputs = request.inputs
    return "-".join([kind, inputs["restApi"], inputs["resourceId"], inputs["httpMethod"], *more])


_WHERE: Final = ("restApi", "resourceId", "httpMethod")
_API_ID: Final = {"restApiId": "restApi"}
_METHOD_ID: Final = {**_API_ID, "resourceId": "resourceId", "httpMethod": "httpMethod"}
_ANSWER_ID: Final = {**_METHOD_ID, "statusCode": "statusCode"}

HANDLERS: Final = {
    "aws:apigateway/resource:Resource": Handler(
        _create_resource,
        accepts=("restApi", "parentId", "pathPart"),
        update=patches("update_resource", {**_API_ID, "resourceId": "id"}, same("parentId", "pathPart")),
        delete=removes("apigateway", "delete_resource", **_API_ID, resourceId="id"),
    ),
    "aws:apigateway/method:Method": Handler(
        _put_method,
        accepts=("authorization", *_WHERE, *_METHOD),
        update=patches("update_method", _METHOD_ID, {**same(*_METHOD), "authorization": "/authorizationType"}),
        # The emulator would store the text "false", which counts as true.
        unchangeable=("apiKeyRequired",),
        delete=removes("apigateway", "delete_method", **_METHOD_ID),
    ),
    "aws:apigateway/integration:Integration": Handler(
        _put_integration,
        accepts=("integrationHttpMethod", "timeoutMilliseconds", *_WHERE, *_INTEGRATION),
        update=patches(
            "update_integration", _METHOD_ID, {**same(*_INTEGRATION), "timeoutMilliseconds": "/timeoutInMillis"}
        ),
        delete=removes("apigateway", "delete_integration", **_METHOD_ID),
    ),
    "aws:apigateway/methodResponse:MethodResponse": Handler(
        _put_method_response,
        accepts=("statusCode", "responseModels", "responseParameters", *_WHERE),
        update=recreates(_put_method_response),
        delete=removes("apigateway", "delete_method_response", **_ANSWER_ID),
    ),
    "aws:apigateway/integrationResponse:IntegrationResponse": Handler(
        _put_integration_response,
        accepts=(
            "statusCode",
            "contentHandling",
            "responseParameters",
            "responseTemplates",
            "selectionPattern",
            *_WHERE,
        ),
        update=recreates(_put_integration_response),
        delete=removes("apigateway", "delete_integration_response", **_ANSWER_ID),
    ),
    "aws:apigateway/response:Response": Handler(
        _put_gateway_response,
        accepts=("restApiId", "responseParameters", "responseTemplates", "responseType", "statusCode"),
        update=recreates(_put_gateway_response),
        delete=removes("apigateway", "delete_gateway_response", restApiId="restApiId", responseType="responseType"),
    ),
}
