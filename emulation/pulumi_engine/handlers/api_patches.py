"""Updates of API Gateway's resources, which are JSON patches."""

from collections.abc import Iterator, Mapping

from emulation.pulumi_engine.handler import Request, Standing, Update, as_text, named


def patches(operation: str, where: Mapping[str, str], paths: Mapping[str, str]) -> Update:
    """Return an update that sends JSON patches for the changed inputs.

    Args:
        operation: boto3's name of the operation.
        where: the parameters that identify the resource, as in `named`.
        paths: the patch's path of each input; a map's keys follow the path.
    """

    def update(request: Request, standing: Standing) -> None:
        operations = [
            patch
            for name in sorted(standing.changed & paths.keys())
            for patch in _patch_of(paths[name], standing.properties.get(name), request.inputs.get(name))
        ]
        if operations:
            request.call("apigateway", operation, **named(standing, where), patchOperations=operations)

    return update


def _patch_of(path: str, old: object, new: object) -> Iterator[dict[str, str]]:
    if not isinstance(old, Mapping) and not isinstance(new, Mapping):
        yield {"op": "replace", "path": path, "value": "" if new is None else as_text(new)}
        return
    before, after = (each if isinstance(each, Mapping) else {} for each in (old, new))
    for key in before.keys() - after.keys():
        yield {"op": "remove", "path": f"{path}/{_escaped(key)}"}
    for key, value in after.items():
        if before.get(key) != value:
            operation = "replace" if key in before else "add"
            yield {"op": operation, "path": f"{path}/{_escaped(key)}", "value": as_text(value)}


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def same(*names: str) -> dict[str, str]:
    """Return the paths of inputs that have the same name in API Gateway."""
    return {name: f"/{name}" for name in names}
