"""Athena: workgroups."""

from typing import Final

from emulation.pulumi_engine.handler import Created, Handler, Request, Standing

_CONFIGURATION: Final = {
    "bytesScannedCutoffPerQuery": "BytesScannedCutoffPerQuery",
    "enforceWorkgroupConfiguration": "EnforceWorkGroupConfiguration",
    "publishCloudwatchMetricsEnabled": "PublishCloudWatchMetricsEnabled",
    "requesterPaysEnabled": "RequesterPaysEnabled",
}


def _create_workgroup(request: Request) -> Created:
    name = request.inputs["name"]
    request.call(
        "athena",
        "create_work_group",
        Name=name,
        Description=request.inputs.get("description"),
        Configuration=_configuration(request),
        Tags=request.tag_list,
    )
    return Created(name, {"name": name, "arn": request.arn("athena", f"workgroup/{name}")})


def _update_workgroup(request: Request, standing: Standing) -> None:
    request.call(
        "athena",
        "update_work_group",
        WorkGroup=standing.id,
        Description=request.inputs.get("description", ""),
        ConfigurationUpdates=_updates(_configuration(request)),
        State=request.inputs.get("state"),
    )


def _updates(configuration: dict[str, object]) -> dict[str, object]:
    """Return the configuration in the form of an update, in which one name differs."""
    results = configuration.pop("ResultConfiguration", None)
    return {**configuration, **({"ResultConfigurationUpdates": results} if results else {})}


def _delete_workgroup(request: Request, standing: Standing) -> None:
    recursive = bool(standing.properties.get("forceDestroy"))
    request.call("athena", "delete_work_group", WorkGroup=standing.id, RecursiveDeleteOption=recursive)


def _configuration(request: Request) -> dict[str, object]:
    given = request.inputs.get("configuration", {})
    configuration: dict[str, object] = {_CONFIGURATION[key]: given[key] for key in _CONFIGURATION if key in given}
    if engine := given.get("engineVersion", {}).get("selectedEngineVersion"):
        configuration["EngineVersion"] = {"SelectedEngineVersion": engine}
    if results := given.get("resultConfiguration"):
        configuration["ResultConfiguration"] = _result_configuration(results)
    return configuration


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
        _create_workgroup,
        accepts=("name", "description", "configuration", "forceDestroy", "state", "tags"),
        update=_update_workgroup,
        delete=_delete_workgroup,
    ),
}
