"""Athena: workgroups."""

from typing import Final

from emulation.pulumi_engine.handler import Created, Handler, Request

_CONFIGURATION: Final = {
    "bytesScannedCutoffPerQuery": "BytesScannedCutoffPerQuery",
    "enforceWorkgroupConfiguration": "EnforceWorkGroupConfiguration",
    "publishCloudwatchMetricsEnabled": "PublishCloudWatchMetricsEnabled",
    "requesterPaysEnabled": "RequesterPaysEnabled",
}


def _create_workgroup(request: Request) -> Created:
    name = request.physical_name()
    given = request.inputs.get("configuration", {})
    configuration: dict[str, object] = {_CONFIGURATION[key]: given[key] for key in _CONFIGURATION if key in given}
    if engine := given.get("engineVersion", {}).get("selectedEngineVersion"):
        configuration["EngineVersion"] = {"SelectedEngineVersion": engine}
    if results := given.get("resultConfiguration"):
        configuration["ResultConfiguration"] = _result_configuration(results)
    request.call(
        "athena",
        "create_work_group",
        Name=name,
        Description=request.inputs.get("description"),
        Configuration=configuration,
        Tags=request.tag_list,
    )
    return Created(name, {"name": name, "arn": request.arn("athena", f"workgroup/{name}")})


def _result_configuration(results: dict[str, object]) -> dict[str, object]:
    configuration: dict[str, object] = {"OutputLocation": results["outputLocation"]}
    encryption = results.get("encryptionConfiguration")
    if isinstance(encryption, dict):
        configuration["EncryptionConfiguration"] = {
            "EncryptionOption": encryption["encryptionOption"],
            "KmsKey": encryption["kmsKeyArn"],
        }
    return configuration


HANDLERS: Final = {
    "aws:athena/workgroup:Workgroup": Handler(
        _create_workgroup, accepts=("name", "description", "configuration", "forceDestroy", "state", "tags")
    ),
}
