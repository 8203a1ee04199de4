"""Tests, campaigns and benchmarks run the platform's code under the policies that the program deploys."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WRITES_A_POLICY = ("put_role_policy(", "create_policy(", "attach_role_policy(")
OWN_POLICIES = {
    "tests/support/deployed_roles.py": "takes them from the program",
    "tests/emulator/teams/test_access_attempts.py": "attaches what has to be denied all the same",
    "tests/emulator/init/test_bootstrap.py": "tries what CI's deploy role may not do",
    "tests/emulator/init/test_deploys.py": "gives the role the grants of init/",
    "tests/emulator/emulation/test_engine_drift.py": "changes a policy by hand, which has to be found",
    "tests/rehearsal/test_dev.py": "changes a policy by hand, which has to be found",
    "tests/support/provider/emulated.py": "gives roles the grants of init/",
    "tests/support/unjudged_rights.py": "grants what the emulator cannot judge",
    "tests/unit/support/test_role_policies.py": "names them",
}
"""Files that define a role's policy, with the reason."""


def test_no_other_file_gives_a_role_a_policy():
    files = [file for folder in ("tests", "bench") for file in (ROOT / folder).rglob("*.py")]
    found = {str(file.relative_to(ROOT)) for file in files if any(call in file.read_text() for call in WRITES_A_POLICY)}
    assert found == OWN_POLICIES.keys()
