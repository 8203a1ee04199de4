"""An AWS account in the emulator as a person and CI see it: TLS, IAM enforced, profiles, GitHub's identities."""

import configparser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.client import BaseClient

from emulation.aws.emulator import Emulator, stop_emulator
from init.names import Names
from ops.stack.target import local_session
from tests.support.emulators import REGION, free_port
from tests.support.init_account import workflow_token

ACCOUNT: Final = "000000000000"
SETTINGS: Final = {"region": REGION, "cli_follow_urlparam": "false"}
"""Version 1 of the AWS CLI would fetch a value that is a URL; version 2 uses it unchanged."""
ADMINISTRATOR: Final = "arn:aws:iam::aws:policy/AdministratorAccess"


class CloudAccount:
    """An account, and the profiles of a shell."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self._config, self._credentials = folder / "aws-config", folder / "aws-credentials"

    @property
    def variables(self) -> dict[str, str]:
        """Return the variables with which a shell uses this account instead of AWS."""
        return {
            "AWS_ENDPOINT_URL": self.emulator.endpoint,
            "AWS_CA_BUNDLE": str(self.emulator.certificate),
            "AWS_CONFIG_FILE": str(self._config),
            "AWS_SHARED_CREDENTIALS_FILE": str(self._credentials),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def client(self, service: str, session: boto3.Session | None = None) -> Any:
        """Return a client with the root user's rights, to which no policy applies, or with a session's rights."""
        make: Any = (session or local_session(REGION)).client
        made: BaseClient = make(
            service, region_name=REGION, endpoint_url=self.emulator.endpoint, verify=str(self.emulator.certificate)
        )
        return made

    def session(self, profile: str) -> boto3.Session:
        """Return a session with a profile's credentials."""
        entries = configparser.ConfigParser()
        entries.read(self._credentials)
        keys = entries[profile]
        return local_session(
            REGION, keys["aws_access_key_id"], keys["aws_secret_access_key"], keys.get("aws_session_token")
        )

    def add_administrator(self, profile: str) -> None:
        """Create a user with an administrator's rights, to whom policies apply, and a profile with the user's key."""
        iam = self.client("iam")
        iam.create_user(UserName=profile)
        iam.attach_user_policy(UserName=profile, PolicyArn=ADMINISTRATOR)
        key = iam.create_access_key(UserName=profile)["AccessKey"]
        self._add(profile, {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]})

    def add_workflow(self, profile: str, names: Names, role: str, subject: str) -> None:
        """Assume a role as a workflow of the repository does, and keep the credentials as a profile."""
        keys = self.client("sts").assume_role_with_web_identity(
            RoleArn=names.arn_of_role(role), RoleSessionName="ci", WebIdentityToken=workflow_token(names, subject),
            DurationSeconds=3600,
        )["Credentials"]  # fmt: skip
        self._add(profile, {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        })  # fmt: skip

    def _add(self, profile: str, keys: Mapping[str, str]) -> None:
        for file, section, values in (
            (self._credentials, profile, keys),
            (self._config, f"profile {profile}", SETTINGS),
        ):
            entries = configparser.ConfigParser()
            entries.read(file)
            entries[section] = dict(values)
            with file.open("w") as written:
                entries.write(written)


@contextmanager
def running_account(folder: Path) -> Iterator[CloudAccount]:
    """An empty account that answers only over TLS."""
    emulator = Emulator(free_port(), REGION, folder / "emulator", tls=True)
    emulator.state_directory.mkdir(parents=True)
    emulator.start()
    try:
        yield CloudAccount(emulator, folder)
    finally:
        stop_emulator(emulator.state_directory)
