"""The emulator as the engine talks to it: boto3 clients of one endpoint."""

import threading
from typing import Any, Final

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from emulation.pulumi_engine.casing import without_none
from emulation.pulumi_engine.errors import EngineError
from ops.stack.target import LOCAL_SECONDS, local_session

# Nothing that a program creates is safe to send twice, and on this machine nothing gets lost on the way: an answer that
# takes long is one of a slow machine.
_CONFIGURATION: Final = Config(
    retries={"total_max_attempts": 1},
    connect_timeout=LOCAL_SECONDS,
    read_timeout=LOCAL_SECONDS,
    max_pool_connections=16,
)


class Emulator:
    """Clients for the emulator, one per service and region, shared by the engine's threads.

    Every client has the emulator's endpoint, whatever the environment says: nothing here can reach a real account.
    """

    def __init__(self, endpoint: str, session: boto3.Session | None = None) -> None:
        """Make no client yet.

        Args:
            endpoint: URL of the emulator.
            session: whose credentials the calls are made with; by default the emulator's root.
        """
        self.endpoint = endpoint
        self._session = session or local_session(region=None)
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._lock = threading.Lock()

    def client(self, service: str, region: str) -> BaseClient:
        """The client of a service in a region."""
        with self._lock:
            if (service, region) not in self._clients:
                # The name is only known here, so the overloads of boto3's stubs cannot apply.
                make: Any = self._session.client
                self._clients[service, region] = make(
                    service, region_name=region, endpoint_url=self.endpoint, config=_CONFIGURATION
                )
            return self._clients[service, region]

    def call(self, service: str, operation: str, region: str, /, **parameters: object) -> dict[str, Any]:
        """Call an operation, such as ("s3", "create_bucket"). Parameters that are None are left out.

        Raises:
            EngineError: the emulator refused, does not answer, or the parameters are not of the operation.
        """
        try:
            return getattr(self.client(service, region), operation)(**without_none(parameters))
        except ClientError as error:
            refusal = error.response.get("Error", {})
            code = refusal.get("Code", "")
            message = f"the emulator refused {service} {operation}: {code}: {refusal.get('Message')}"
            raise EngineError(message, code) from error
        except BotoCoreError as error:
            raise EngineError(f"the request {service} {operation} to the emulator failed: {error}") from error

    def account(self, region: str) -> str:
        """Account that the credentials belong to.

        Raises:
            EngineError: the emulator does not answer or refuses the credentials.
        """
        try:
            return self.call("sts", "get_caller_identity", region)["Account"]
        except EngineError as error:
            raise EngineError(
                f"cannot connect to the emulator at {self.endpoint}: {error}; start it with `dataplatform up`"
            ) from error

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()
