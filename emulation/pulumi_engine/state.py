"""What the embedded driver remembers between runs: one JSON file, without a secret in it.

A secret input is kept only as a hash keyed with a random key (HMAC), so that a short password cannot be found by
hashing guesses; the key is beside the file, readable by its owner alone. Outputs that repeat a secret input are not
kept.
A generated private key is a file of its own under private-keys/, which is where that resource physically lives.
"""

import hashlib
import hmac
import json
import secrets
import shutil
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from emulation.pulumi_engine.content import Content
from emulation.pulumi_engine.errors import EngineError
from ops.stack.private_files import make_private_folder, write_private

_STATE_FILE: Final = "engine.json"
_KEY_FILE: Final = "engine.key"
_PRIVATE_KEYS: Final = "private-keys"
_VERSION: Final = 2


@dataclass(frozen=True, slots=True)
class ResourceState:
    """One resource that was created."""

    type: str
    name: str
    id: str
    outputs: dict[str, Any]
    """What the emulator made of it, such as its ARN. No secrets."""
    inputs: dict[str, Any]
    """What it was made from, with the keyed hash of each secret input, and hashes of contents."""
    protected: bool = False
    retained: bool = False
    trigger: dict[str, str] | None = None
    """Keyed hash of what it was last replaced for."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """A resource whose replacement is there, and which is still to be deleted."""

    urn: str
    resource: ResourceState


class State:
    """The resources of one emulator instance, by URN. Every change is written at once."""

    def __init__(self, directory: Path, instance: str) -> None:
        """Read what is known of this emulator instance.

        Args:
            directory: where the files lie; made if it is missing.
            instance: names the running emulator. Another than the one in the file starts afresh.

        Raises:
            EngineError: the file is there and cannot be read.
        """
        self._file = directory / _STATE_FILE
        self._instance = instance
        self._lock = threading.Lock()
        self.private_keys = directory / _PRIVATE_KEYS
        make_private_folder(directory)
        self.resources: dict[str, ResourceState] = {}
        """By URN, in the order in which they were created."""
        self._texts: dict[str, tuple[ResourceState, str]] = {}
        self.replaced: list[Replaced] = []
        self._read()
        if not self.resources:
            discard_state(directory)
        self._key = _read_or_make_key(directory / _KEY_FILE)

    def record(self, urn: str, resource: ResourceState, replaced: ResourceState | None = None) -> None:
        """Remember a resource that was just created or updated, and the one that it replaced."""
        with self._lock:
            if replaced is not None:
                self.replaced.append(Replaced(urn, replaced))
                # What replaces it comes after everything that is there.
                del self.resources[urn]
            self.resources[urn] = resource
            self._write()

    def forget(self, urn: str) -> None:
        """A resource was deleted."""
        with self._lock:
            del self.resources[urn]
            self._write()

    def forget_replaced(self, replaced: Replaced) -> None:
        """A resource that was replaced is deleted."""
        with self._lock:
            self.replaced.remove(replaced)
            self._write()

    def fingerprint(self, value: object) -> dict[str, str]:
        """Keyed hash of a secret input's value."""
        canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), default=_content_digest)
        return {"hmac": hmac.new(self._key, canonical.encode(), hashlib.sha256).hexdigest()}

    @staticmethod
    def plain(value: object) -> Any:  # noqa: ANN401 - any JSON value
        """An input's value with hashes of contents."""
        return json.loads(json.dumps(value, default=_content_digest))

    @staticmethod
    def is_hash(value: object) -> bool:
        """Whether a kept input is a hash of its value, which cannot be had back."""
        return isinstance(value, dict) and set(value) in ({"hmac"}, {"sha256"})

    def _write(self) -> None:
        content = {
            "version": _VERSION,
            "instance": self._instance,
            "replaced": [asdict(each) for each in self.replaced],
        }
        resources = ",\n".join(f"{json.dumps(urn)}: {self._text(urn)}" for urn in self.resources)
        _write_atomically(self._file, f'{json.dumps(content)[:-1]}, "resources": {{\n{resources}\n}}}}\n')

    def _text(self, urn: str) -> str:
        """A resource as JSON, made once: the file is written with each resource that is created."""
        resource = self.resources[urn]
        known = self._texts.get(urn)
        if known is None or known[0] is not resource:
            known = self._texts[urn] = resource, json.dumps(asdict(resource))
        return known[1]

    def _read(self) -> None:
        try:
            content = json.loads(self._file.read_text())
            if content["instance"] != self._instance:
                return
            _check_version(content["version"])
            self.resources |= {urn: ResourceState(**known) for urn, known in content["resources"].items()}
            self.replaced += [Replaced(each["urn"], ResourceState(**each["resource"])) for each in content["replaced"]]
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EngineError(
                f"{self._file} cannot be read ({error}); run `dataplatform up --fresh`, or delete the file and "
                "restart the emulator"
            ) from error


def _check_version(version: object) -> None:
    if version != _VERSION:
        raise ValueError(f"the format is {version}")


def discard_state(directory: Path) -> None:
    """Forget every resource, the key of the hashes and the generated private keys."""
    (directory / _STATE_FILE).unlink(missing_ok=True)
    (directory / _KEY_FILE).unlink(missing_ok=True)
    shutil.rmtree(directory / _PRIVATE_KEYS, ignore_errors=True)


def write_private_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, in a folder that only its owner may enter."""
    make_private_folder(path.parent)
    write_private(path, content)


def _read_or_make_key(path: Path) -> bytes:
    if not path.exists():
        write_private_file(path, secrets.token_bytes(32))
    return path.read_bytes()


def _write_atomically(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    write_private_file(draft, text.encode())
    draft.replace(path)


def _content_digest(value: object) -> Mapping[str, str]:
    if isinstance(value, Content):
        return {"sha256": value.digest()}
    raise TypeError(f"{type(value).__name__} is not a type of value that a resource can have")
