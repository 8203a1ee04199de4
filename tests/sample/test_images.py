"""The sample's files in the images, and what the demo's SQL Server refuses."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sample.vehicles import write_vehicles

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def program_folder(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_sftp_images_sample_is_what_the_generator_writes(tmp_path):
    write_vehicles(tmp_path / "vehicles.csv", rows=200)
    assert Path("images/sftp/outgoing/vehicles/vehicles.csv").read_bytes() == (tmp_path / "vehicles.csv").read_bytes()


# --- what SQL Server's container refuses, before anything of Microsoft's is started -----------------------------------

COMPLETE = {
    "ACCEPT_EULA": "Y",
    "MSSQL_SA_PASSWORD": "Abcdefgh12345678",
    "SQL_PASSWORD": "Abcdefgh12345678",
    "SQL_CERTIFICATE": "certificate",
    "SQL_SERVER_KEY": "key",
    "SQL_DATABASE": "retail",
    "SQL_USER": "extractor",
}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ACCEPT_EULA": ""}, "accept Microsoft's licence"),
        ({"MSSQL_SA_PASSWORD": ""}, "MSSQL_SA_PASSWORD is not set"),
        ({"SQL_PASSWORD": "it's; --"}, "SQL_PASSWORD must have 12 to 128 letters and digits"),
        ({"SQL_CERTIFICATE": ""}, "SQL_CERTIFICATE is not set"),
        ({"SQL_SERVER_KEY": ""}, "SQL_SERVER_KEY is not set"),
        ({"SQL_DATABASE": "a]; DROP"}, "SQL_DATABASE must start with a letter"),
        ({"SQL_USER": "1"}, "SQL_USER must start with a letter"),
    ],
)
def test_sql_server_container_names_what_is_missing_not_secrets(changed, message):
    environment = {"PATH": os.environ["PATH"]} | COMPLETE | changed
    result = subprocess.run(
        [shutil.which("bash"), "images/mssql/entrypoint.sh"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 64
    assert message in result.stderr
    assert not [value for name, value in environment.items() if "PASSWORD" in name and value and value in result.stderr]


def test_sql_servers_passwords_are_in_no_argument():
    # sqlcmd reads its own from SQLCMDPASSWORD, and inserts the environment's values into a script
    for script in ("entrypoint.sh", "healthcheck.sh"):
        commands = Path("images/mssql", script).read_text()
        assert not re.search(r"(?:^|\s)-P\b|-v\s", commands)
        assert not re.search(r"^\s*(?:echo|printf)\b.*PASSWORD\}?\"?\s*$", commands, re.MULTILINE)


# --- people -----------------------------------------------------------------------------------------------------------


def write_people(output: Path, *arguments: str) -> str:
    command = [sys.executable, "images/mssql/write_people.py", "--output", str(output), *arguments]
    subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True)
    return output.read_text()


def test_the_same_seed_and_number_give_the_same_people(tmp_path):
    first, second, other = (
        write_people(tmp_path / "people.sql", "--people", "20", "--seed", seed) for seed in ("1", "1", "2")
    )
    assert first == second != other
