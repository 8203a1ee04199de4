"""Sends a body to a webhook. The URL is a secret: it is read from SSM, and no message or log line has it."""

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from functions.errors import FunctionError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

TIMEOUT_SECONDS: Final = 5
_RETRIES: Final = urllib3.Retry(
    total=2,
    redirect=0,
    backoff_factor=1,
    status_forcelist=(429, 500, 502, 503, 504),
    # Of any method: a webhook is posted to.
    allowed_methods=None,
    # A webhook could name an hour, and the function would wait.
    respect_retry_after_header=False,
    raise_on_status=False,
    raise_on_redirect=False,
)
_THIS_MACHINE: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class WebhookError(FunctionError):
    """A webhook did not accept a message. The text names the parameter of its URL, and never the URL."""


class Webhooks:
    """Posts to webhooks, whose URLs are SSM parameters."""

    def __init__(self, client: "SSMClient") -> None:
        """Read the URLs with this client."""
        self._client = client
        self._http = urllib3.PoolManager(retries=_RETRIES, timeout=urllib3.Timeout(total=TIMEOUT_SECONDS))

    def send(self, parameter: str, body: bytes) -> None:
        """Post a body to the webhook of a parameter, three times at most.

        Raises:
            WebhookError: the parameter is missing or does not hold an https URL, or the webhook does not answer 2xx.
        """
        url = self._url(parameter)
        try:
            answer = self._http.request("POST", url, body=body, headers={"Content-Type": "application/json"})
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            # The error's own text has the URL.
            raise WebhookError(
                f"the webhook of {parameter} did not respond: {type(error).__name__}; check its URL and service"
            ) from None
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - HTTP's success
            raise WebhookError(f"the webhook of {parameter} returned {answer.status}; check its URL and service")

    def _url(self, parameter: str) -> str:
        try:
            value = self._client.get_parameter(Name=parameter, WithDecryption=True)["Parameter"].get("Value", "")
        except (BotoCoreError, ClientError) as error:
            raise WebhookError(
                f"SSM parameter {parameter} cannot be read: {_reason(error)}; check that it exists and that the "
                "function's role may read it"
            ) from None
        url = value.strip()
        if not _is_private(url):
            raise WebhookError(f"SSM parameter {parameter} does not hold an https URL; put the webhook's URL into it")
        return url


def _is_private(url: str) -> bool:
    """Whether nobody on the way can read the secret: by TLS, or on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE)


def _reason(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code", "no code")
    return type(error).__name__
