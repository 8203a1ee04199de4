"""docs/first-deploy.md, typed from top to bottom; then CI's roles deploy and compare. The tests follow each other.

`make rehearsal` runs this file, then test_prod.py, and stops at the first failed test.
"""

import json
import re
from typing import Any, Final

import pytest
import yaml
from botocore.exceptions import ClientError

from emulation.pulumi_engine.handlers import HANDLERS
from init.names import STACKS
from tests.support.guide import heading
from tests.support.program import ROOT
from tests.support.rehearsal import NAMES, Rehearsal

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(600)]

DATASET_PAGE: Final = ROOT / "docs" / "add-a-dataset.md"


def test_account_is_prepared(rehearsal: Rehearsal) -> None:
    heading("1. Prepare your machine, 2. Prepare the account")
    rehearsal.shell.variables["AWS_REGION"] = NAMES.region
    rehearsal.follow(1)
    output = rehearsal.follow(2)
    assert f"create the role {NAMES.deploy_role('dev')}" in output
    for stack in STACKS:
        rehearsal.let_emulator_judge(stack)
    [bootstrap] = [each.text for each in rehearsal.steps[2] if "--dry-run" not in each.text]
    assert "nothing to do" in rehearsal.shell.must(bootstrap)


def test_stacks_are_created_with_a_key_each(rehearsal: Rehearsal) -> None:
    heading("3. Create the stacks")
    rehearsal.follow(3)
    for stack in ("dev", "prod"):
        made = yaml.safe_load((rehearsal.shell.folder / f"Pulumi.{stack}.yaml").read_text())
        assert made["secretsprovider"] == NAMES.secrets_provider(stack)
        assert made["encryptedkey"]
    assert rehearsal.shell.must("git status --porcelain") == ""


def test_preview_of_dev_changes_nothing(rehearsal: Rehearsal) -> None:
    heading("5. Deploy dev")
    output = rehearsal.follow(5, "pulumi preview --stack dev")
    assert re.search(r"\+ \d{3} to create", output), output[-3000:]
    assert rehearsal.account.client("lambda").list_functions()["Functions"] == []


def test_deploy_role_deploys_dev(rehearsal: Rehearsal) -> None:
    rehearsal.follow(5, "pulumi up --stack dev", **rehearsal.deploys("dev"))
    assert rehearsal.changes("dev").keys() == {"create"}


def test_every_resource_of_dev_was_created_by_a_handler(rehearsal: Rehearsal) -> None:
    types = {each for each in rehearsal.resource_types("dev") if not each.startswith("pulumi:")}
    assert len(types) > 50
    assert types - {*HANDLERS} == set()


def test_preview_role_finds_no_difference(rehearsal: Rehearsal) -> None:
    output = rehearsal.follow(5, "pulumi preview .*--expect-no-changes.*", **rehearsal.previews("dev"))
    assert re.search(r"\d{3} unchanged", output), output[-3000:]


def test_second_up_changes_nothing(rehearsal: Rehearsal) -> None:
    rehearsal.shell.must("pulumi up --stack dev --expect-no-changes", **rehearsal.deploys("dev"))
    assert rehearsal.changes("dev").keys() == {"same"}


def test_every_role_of_dev_has_its_boundary(rehearsal: Rehearsal) -> None:
    roles = rehearsal.account.client("iam").list_roles()["Roles"]
    own = [each["RoleName"] for each in roles if each["RoleName"].startswith("data-platform-dev-")]
    assert len(own) > 10
    get = rehearsal.account.client("iam").get_role
    bounds = {get(RoleName=name)["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn") for name in own}
    # Readers' roles have their own narrower one.
    readers = {each for each in bounds if each and each.startswith(NAMES.arn_of_policy("data-platform-dev-"))}
    assert bounds - readers == {NAMES.arn_of_policy(NAMES.boundary("dev"))}


def test_secrets_partners_and_readers_are_served(rehearsal: Rehearsal) -> None:
    heading("6. Put in the secrets, 7. Let data in, 8. Let readers in")
    rehearsal.follow(6)
    # All of step 7 except the deployment of the demo servers, which the emulator cannot run.
    assert "ssh-rsa" in rehearsal.follow(7, "(?!pulumi up).*")
    assert "arn:aws:iam" in rehearsal.follow(8)
    parameter = rehearsal.account.client("ssm").get_parameter(Name="/acme/dev/crm/password", WithDecryption=True)
    assert parameter["Parameter"]["Value"] == rehearsal.shell.variables["PASSWORD"]


def test_lake_refuses_plain_http(rehearsal: Rehearsal) -> None:
    # given a client of an administrator, to whom the bucket's policy applies
    s3 = rehearsal.account.client("s3", rehearsal.account.session("acme-admin"))
    lake = rehearsal.exports("dev")["lakeBucket"]

    # when it puts an object over TLS, then the object is stored
    s3.put_object(Bucket=lake, Key="inbound/probe", Body=b"1")

    # when the request was sent over plain HTTP, as reported by what ends TLS in front of the emulator
    s3.meta.events.register("before-send", sent_by_plain_http)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=lake, Key="inbound/probe", Body=b"2")


def sent_by_plain_http(request: Any, **_: object) -> None:
    request.headers["X-Forwarded-Proto"] = "http"


def test_changed_code_updates_the_functions(rehearsal: Rehearsal) -> None:
    heading("A change of code, an added dataset")
    source = rehearsal.shell.folder / "functions" / "sftp_collector" / "handler.py"
    source.write_text(f"{source.read_text()}\n# Changed in the rehearsal.\n")
    commit(rehearsal, "Change the collector")
    rehearsal.shell.must("pulumi up --stack dev", **rehearsal.deploys("dev"))
    changes = rehearsal.changes("dev")
    assert changes.keys() == {"same", "update"}


def test_added_dataset_creates_its_resources(rehearsal: Rehearsal) -> None:
    [name, source] = re.findall(r"`datasets/(\w+)\.py`.*?```python\n(.*?)```", DATASET_PAGE.read_text(), re.DOTALL)[0]
    (rehearsal.shell.folder / "datasets" / f"{name}.py").write_text(source)
    commit(rehearsal, f"Add the dataset {name}")
    rehearsal.shell.must("pulumi up --stack dev", **rehearsal.deploys("dev"))
    assert rehearsal.changes("dev")["create"] > 0
    assert rehearsal.compare("dev").status == 0


def commit(rehearsal: Rehearsal, message: str) -> None:
    rehearsal.shell.must(f"git add . && git commit --quiet --message '{message}'")


def test_changes_by_hand_are_found(rehearsal: Rehearsal) -> None:
    heading("Changes by hand")
    changed = change_by_hand(rehearsal)
    comparison = rehearsal.compare("dev")
    assert comparison.status != 0
    found = {name for name in changed if re.search(rf"~ +{re.escape(changed[name])}", comparison.output)}
    assert found == changed.keys(), comparison.output[-5000:]


def change_by_hand(rehearsal: Rehearsal) -> dict[str, str]:
    """Change a policy, a schedule, a dashboard and a function, as a person does in the console; return their types."""
    client = rehearsal.account.client
    role = named(client("iam").list_roles()["Roles"], "RoleName", "-collector-")
    [policy, *_] = client("iam").list_role_policies(RoleName=role)["PolicyNames"]
    document = client("iam").get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    document["Statement"].append({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    client("iam").put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))

    [schedule, *_] = client("scheduler").list_schedules()["Schedules"]
    whole = client("scheduler").get_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])
    kept = ("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target")
    client("scheduler").update_schedule(**{key: whole[key] for key in kept if key in whole}, State="DISABLED")

    dashboard = named(client("cloudwatch").list_dashboards()["DashboardEntries"], "DashboardName", "data-platform-dev")
    client("cloudwatch").put_dashboard(DashboardName=dashboard, DashboardBody=json.dumps({"widgets": []}))

    function = named(client("lambda").list_functions()["Functions"], "FunctionName", "-collector-")
    client("lambda").update_function_configuration(FunctionName=function, Timeout=1)
    return {
        "policy": "aws:iam/rolePolicy:RolePolicy",
        "schedule": "aws:scheduler/schedule:Schedule",
        "dashboard": "aws:cloudwatch/dashboard:Dashboard",
        "function": "aws:lambda/function:Function",
    }


def named(found: list[dict[str, Any]], key: str, part: str) -> str:
    """Return the first name with this part."""
    return next(each[key] for each in found if part in each[key] and "data-platform-dev" in each[key])


def test_refreshing_deployment_undoes_them(rehearsal: Rehearsal) -> None:
    rehearsal.shell.must("pulumi up --stack dev --refresh", **rehearsal.deploys("dev"))
    comparison = rehearsal.compare("dev")
    assert comparison.status == 0, comparison.last_lines
