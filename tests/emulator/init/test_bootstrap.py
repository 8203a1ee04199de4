"""Bootstrapping an account: repeated, completed after an interruption, refused with a reason, and cleared."""

import json
import os
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from init.account_wide import SERVICE_LINKED
from init.bootstrap import changes_of_bootstrap
from init.names import GITHUB_ISSUER, OWN_TAGS
from lake.keys import CODE, INBOUND
from tests.support.emulators import REGION, running_emulator
from tests.support.init_account import BUCKET, NAMES, Account
from tests.support.recording import record

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("init")]

DEV_STATE = ".pulumi/stacks/data-platform/dev.json"
PROD_STATE = ".pulumi/stacks/data-platform/prod.json"
ARTEFACT, LANDED = f"{CODE}/jobs.zip", f"{INBOUND}/parcels/2026/11/28/parcels.csv"
PULL_REQUEST, MAIN, DEV = "environment:dev-preview", "ref:refs/heads/main", "ref:refs/heads/dev"
PREVIEW, DEPLOY = NAMES.preview_role("dev"), NAMES.deploy_role("dev")
DRIFT, DRIFT_PROD = NAMES.drift_role("dev"), NAMES.drift_role("prod")
PREVIEW_PROD, DEPLOY_PROD = NAMES.preview_role("prod"), NAMES.deploy_role("prod")


def environment_of(emulator):
    """An administrator's environment."""
    return {
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@pytest.fixture
def account(engine_emulator, monkeypatch):
    engine_emulator.reset()
    for name, value in environment_of(engine_emulator).items():
        monkeypatch.setenv(name, value)
    return Account(engine_emulator)


@pytest.fixture
def prepared(account):
    code, output = account.bootstrap()
    assert code == 0, output
    return account


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A prepared account for all tests that do not change it."""
    with running_emulator(tmp_path_factory.mktemp("ready")) as emulator, pytest.MonkeyPatch.context() as environment:
        for name, value in environment_of(emulator).items():
            environment.setenv(name, value)
        account = Account(emulator)
        code, output = account.bootstrap()
        assert code == 0, output
        yield account


def refusal(call):
    with pytest.raises(ClientError) as refused:
        call()
    return refused.value.response["Error"]["Code"]


# --- once, twice, and in halves ---------------------------------------------------------------------------------------


def test_given_twice_it_changes_nothing_the_second_time(prepared):
    # given a prepared account
    before = prepared.everything()

    # when the same command runs
    code, output = prepared.bootstrap()

    # then it finds nothing to do, and nothing changed
    assert (code, "nothing to do" in output) == (0, True)
    assert prepared.everything() == before


@pytest.mark.long
@pytest.mark.timeout(180)
def test_a_half_finished_account_is_completed(prepared):
    # given an account that was prepared at once
    whole = prepared.everything()

    for made in (1, 4, 15, 60):
        # and one in which only the first changes were made
        prepared.emulator.reset()
        for _, change in zip(range(made), changes_of_bootstrap(prepared.session(), NAMES), strict=False):
            change.make()
        assert prepared.everything() != whole

        # when the command runs again
        code, output = prepared.bootstrap()

        # then the two accounts are the same
        assert code == 0, output
        assert prepared.everything() == whole


def test_a_key_that_was_made_but_not_named_any_more_is_found(account):
    # given that the first run ended between the key and its alias
    kms = account.client("kms")
    next(iter(changes_of_bootstrap(account.session(), NAMES))).make()
    kms.delete_alias(AliasName=NAMES.state_alias)

    # when the command runs again
    account.bootstrap()

    # then there is one key for each purpose, and no other
    assert len(kms.list_keys()["Keys"]) == 3


@pytest.mark.long
def test_what_somebody_changed_by_hand_is_put_right(prepared):
    # given a policy, a trust policy, a session duration and a bucket that a person changed
    before = prepared.everything()
    iam, s3 = prepared.client("iam"), prepared.client("s3")
    nobody = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
    for _ in range(4):  # with as many versions as IAM keeps
        iam.create_policy_version(
            PolicyArn=NAMES.arn_of_policy(NAMES.boundary("prod")), PolicyDocument=nobody, SetAsDefault=True
        )
    iam.update_assume_role_policy(
        RoleName=DEPLOY_PROD, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []})
    )
    iam.update_role(RoleName=DEPLOY, MaxSessionDuration=3600)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})

    # when the command runs and reports
    code, output = prepared.bootstrap()

    # then everything is as before
    assert (code, output.count("✓")) == (0, 4)
    assert prepared.everything() == before


def test_a_dry_run_says_what_would_be_done_and_does_nothing(account):
    # given an empty account
    before = account.everything()

    # when a dry run is made, and then a real one
    dry = account.bootstrap("--dry-run")[1]
    assert account.everything() == before
    done = account.bootstrap()[1]

    # then the dry run announced all changes
    said = [line.removeprefix("would ") for line in dry.splitlines() if line.startswith("would ")]
    assert {line.removeprefix("✓ ") for line in done.splitlines() if line.startswith("✓ ")} <= set(said)
    assert "pulumi login" not in dry


def test_existing_identity_provider_is_used_and_kept(account):
    # given an account to which other repositories deploy
    iam = account.client("iam")
    provider = iam.create_open_id_connect_provider(
        Url=f"https://{GITHUB_ISSUER}", ClientIDList=["theirs"], Tags=[{"Key": "owner", "Value": "them"}]
    )["OpenIDConnectProviderArn"]

    # when a dry run is made, and then the account is cleared
    output = account.bootstrap("--dry-run")[1]
    account.run("destroy", "--yes")

    # then the provider is used as it is, with the missing audience added, and stays
    assert f"would add the audience sts.amazonaws.com to the account's identity provider {GITHUB_ISSUER}" in output
    assert f"would create the identity provider {GITHUB_ISSUER}" not in output
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    assert found["Tags"] == [{"Key": "owner", "Value": "them"}]


def test_existing_log_role_of_api_gateway_is_kept(account):
    # given an account in which somebody set the role
    theirs = "arn:aws:iam::000000000000:role/theirs"
    setting = {"op": "replace", "path": "/cloudwatchRoleArn", "value": theirs}
    account.client("apigateway").update_account(patchOperations=[setting])

    # when the account is prepared
    account.bootstrap()

    # then that role stays, and no other was created
    assert account.client("apigateway").get_account()["cloudwatchRoleArn"] == theirs
    assert NAMES.arn_of_role(NAMES.api_gateway_role) not in account.everything()


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bucket", "words", "reason"),
    [
        ("Acme_State", (), "'Acme_State' is not a valid bucket name; use 3 to 58 lower case letters"),
        ("x" * 59, (), "is not a valid bucket name"),
        (BUCKET, ("--repository", "acme"), "'acme' is not a valid GitHub repository; use owner/name"),
        (BUCKET, ("--profile", "nobody"), "`aws configure list-profiles` lists the profiles"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(account, bucket, words, reason):
    code, output = account.bootstrap(*words, bucket=bucket)
    assert code == 1
    assert reason in output
    assert account.client("s3").list_buckets()["Buckets"] == []


def test_without_a_region_the_command_says_how_to_give_one(account, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    code, output = account.bootstrap()
    assert code == 1
    assert "the region is missing; give --region" in output


def test_without_credentials_the_command_says_how_to_get_some(account, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    code, output = account.bootstrap()
    assert code == 1
    assert "AWS credentials were not found; sign in, give --profile, or set AWS_PROFILE" in output


def test_a_bucket_of_somebody_else_in_this_account_is_refused(account):
    # given a bucket with other content
    s3 = account.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key="payroll.csv", Body=b"1")

    # when the command names it
    code, output = account.bootstrap()

    # then the error lists the content, and the bucket is not changed
    assert code == 1
    assert f"the bucket {BUCKET} holds objects, such as payroll.csv, and was not created by this command" in output
    assert "Status" not in s3.get_bucket_versioning(Bucket=BUCKET)


def test_a_bucket_in_another_region_is_refused(account):
    s3 = account.session().client("s3", region_name="eu-central-1")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    code, output = account.bootstrap()
    assert code == 1
    assert f"the bucket {BUCKET} exists in eu-central-1, not in eu-west-1" in output


def test_a_bucket_of_another_account_is_refused(account):
    # given that the name belongs to another account: the emulator treats 12 digits as one
    theirs = boto3.Session("111111111111", "test", region_name=REGION).client("s3")
    theirs.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})

    # when the command names it
    code, output = account.bootstrap()

    # then the error says so
    assert code == 1
    assert f"the bucket {BUCKET} belongs to another account" in output


def test_a_role_of_that_name_that_is_somebody_elses_is_refused(account):
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    account.client("iam").create_role(RoleName=DEPLOY, AssumeRolePolicyDocument=trust)
    code, output = account.bootstrap()
    assert code == 1
    assert f"the account has a role {DEPLOY} that this command did not create" in output


def test_a_key_that_is_about_to_be_deleted_is_refused(prepared):
    kms = prepared.client("kms")
    kms.schedule_key_deletion(KeyId=kms.describe_key(KeyId=NAMES.state_alias)["KeyMetadata"]["KeyId"])
    code, output = prepared.bootstrap()
    assert code == 1
    assert "is PendingDeletion, and no state can be read without it; enable it, or cancel its deletion" in output


# --- Pulumi.yaml and the next steps -----------------------------------------------------------------------------------


def test_it_prints_the_exact_next_commands(ready):
    output = ready.bootstrap()[1]
    assert "pulumi login 's3://acme-state?region=eu-west-1'" in output
    for stack in ("dev", "prod"):
        provider = f"awskms://alias/data-platform-secrets-{stack}?region=eu-west-1"
        assert f"pulumi stack init {stack} --secrets-provider '{provider}'" in output
    assert "git add Pulumi.dev.yaml Pulumi.prod.yaml" in output


def test_the_backend_is_written_into_pulumi_yaml_only_when_asked(prepared, tmp_path, monkeypatch):
    # given a project
    monkeypatch.chdir(tmp_path)
    Path("Pulumi.yaml").write_text("name: data-platform\nruntime: python\n")

    # when the command runs without the option, and with it, twice
    prepared.bootstrap()
    assert "backend" not in Path("Pulumi.yaml").read_text()
    for _ in range(2):
        assert prepared.bootstrap("--write-backend")[0] == 0

    # then the file names the backend once and keeps everything else; another backend is refused
    written = "name: data-platform\nruntime: python\nbackend:\n  url: s3://acme-state?region=eu-west-1\n"
    assert Path("Pulumi.yaml").read_text() == written
    Path("Pulumi.yaml").write_text(written.replace("acme-state", "elsewhere"))
    code, output = prepared.bootstrap("--write-backend")
    assert code == 1
    assert "Pulumi.yaml names another backend, s3://elsewhere?region=eu-west-1" in output


# --- what the roles may do --------------------------------------------------------------------------------------------


def state_file(stack):
    """Return a state file in Pulumi's format, with the resources of the real program."""
    resources = [
        {"urn": each.urn, "custom": each.custom, "type": each.type, "id": each.name, "inputs": each.inputs}
        for each in record(stack).resources
    ]
    latest = {"manifest": {"version": "v3.200.0"}, "resources": resources}
    checkpoint = {"stack": f"organization/data-platform/{stack}", "latest": latest}
    return json.dumps({"version": 3, "checkpoint": checkpoint}).encode()


def test_deploy_role_writes_and_reads_a_state_file(ready):
    # given CI's rights on the branch dev, and a state file with every resource of the program
    s3 = ready.as_workflow(DEPLOY, DEV)
    state = state_file("dev")

    # when it does what Pulumi does: lock, write, write again with a copy, list, read, unlock
    lock = ".pulumi/locks/organization/data-platform/dev/1.json"
    s3.put_object(Bucket=BUCKET, Key=lock, Body=b"{}")
    s3.put_object(Bucket=BUCKET, Key=DEV_STATE, Body=b"the first")
    s3.copy_object(Bucket=BUCKET, Key=f"{DEV_STATE}.bak", CopySource={"Bucket": BUCKET, "Key": DEV_STATE})
    s3.put_object(Bucket=BUCKET, Key=DEV_STATE, Body=state)
    s3.put_object(Bucket=BUCKET, Key=".pulumi/history/data-platform/dev/dev-1.history.json", Body=b"{}")
    s3.delete_object(Bucket=BUCKET, Key=lock)

    # then the state is returned as written, encrypted with the key, and the previous version can be restored
    served = s3.get_object(Bucket=BUCKET, Key=DEV_STATE)
    assert served["Body"].read() == state
    assert served["ServerSideEncryption"] == "aws:kms"
    versions = ready.client("s3").list_object_versions(Bucket=BUCKET, Prefix=DEV_STATE)["Versions"]
    assert len([each for each in versions if each["Key"] == DEV_STATE]) == 2


def test_no_role_of_one_stack_touches_the_state_of_the_other(ready):
    for role, subject in ((DEPLOY, DEV), (PREVIEW, PULL_REQUEST)):
        s3 = ready.as_workflow(role, subject)
        assert refusal(lambda s3=s3: s3.get_object(Bucket=BUCKET, Key=PROD_STATE)) == "AccessDenied"
        assert refusal(lambda s3=s3: s3.put_object(Bucket=BUCKET, Key=PROD_STATE, Body=b"")) == "AccessDenied"


def test_without_tls_not_even_the_deploy_role_is_answered(ready):
    s3 = ready.as_workflow(DEPLOY, DEV, by_tls=False)
    assert refusal(lambda: s3.put_object(Bucket=BUCKET, Key=DEV_STATE, Body=b"")) == "AccessDenied"


def test_a_preview_reads_the_state_and_changes_nothing(ready):
    ready.client("s3").put_object(Bucket=BUCKET, Key=DEV_STATE, Body=b"state")
    s3 = ready.as_workflow(PREVIEW, PULL_REQUEST)
    assert s3.get_object(Bucket=BUCKET, Key=DEV_STATE)["Body"].read() == b"state"
    assert refusal(lambda: s3.put_object(Bucket=BUCKET, Key=DEV_STATE, Body=b"")) == "AccessDenied"
    assert refusal(lambda: s3.delete_object(Bucket=BUCKET, Key=DEV_STATE)) == "AccessDenied"


def test_preview_of_a_pull_request_decrypts_only_devs_secrets(ready):
    # given a secret of each stack
    administrator = ready.client("kms")
    secrets = {
        stack: administrator.encrypt(KeyId=NAMES.secrets_alias(stack), Plaintext=b"secret")["CiphertextBlob"]
        for stack in ("dev", "prod")
    }

    # then the role reads its own and is refused the other
    kms = ready.as_workflow(PREVIEW, PULL_REQUEST, "kms")
    assert kms.decrypt(CiphertextBlob=secrets["dev"])["Plaintext"] == b"secret"
    assert refusal(lambda: kms.decrypt(CiphertextBlob=secrets["prod"])).startswith("AccessDenied")


@pytest.mark.parametrize(
    ("role", "subjects"),
    [
        (PREVIEW, {PULL_REQUEST}),
        (DRIFT, {MAIN}),
        (DEPLOY, {DEV}),
        (PREVIEW_PROD, {"environment:prod-preview"}),
        (DRIFT_PROD, {MAIN}),
        (DEPLOY_PROD, {"environment:prod"}),
    ],
)
def test_a_role_is_assumed_in_its_own_circumstances_alone(ready, role, subjects):
    everything = {
        PULL_REQUEST,
        MAIN,
        DEV,
        "environment:prod-preview",
        "environment:prod",
        "ref:refs/heads/other",
        "pull_request",
    }
    taken = set()
    for subject in everything:
        try:
            ready.as_workflow(role, subject)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDenied"  # noqa: PT017 - some are refused, some not
        else:
            taken.add(subject)
    assert taken == subjects


def test_deploy_role_makes_no_unbounded_role_nor_changes_ci(ready):
    iam = ready.as_workflow(DEPLOY, DEV, "iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    everything = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    )
    boundary = NAMES.arn_of_policy(NAMES.boundary("dev"))
    for attempt in (
        lambda: iam.create_role(RoleName="data-platform-dev-unbound", AssumeRolePolicyDocument=trust),
        lambda: iam.create_role(RoleName="other", AssumeRolePolicyDocument=trust, PermissionsBoundary=boundary),
        lambda: iam.put_role_policy(RoleName=DEPLOY, PolicyName="more", PolicyDocument=everything),
        lambda: iam.create_policy_version(PolicyArn=boundary, PolicyDocument=everything, SetAsDefault=True),
        lambda: iam.delete_role_permissions_boundary(RoleName="data-platform-dev-any"),
        lambda: iam.set_default_policy_version(PolicyArn=boundary, VersionId="v1"),
        lambda: iam.update_assume_role_policy(RoleName=DEPLOY, PolicyDocument=trust),
        lambda: iam.tag_role(RoleName=DEPLOY, Tags=[{"Key": "team", "Value": "any"}]),
    ):
        assert refusal(attempt) == "AccessDenied"


def test_deploy_role_writes_no_policy_that_could_be_a_boundary(ready):
    iam = ready.as_workflow(DEPLOY, DEV, "iam")
    everything = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    )
    for name in ("data-platform-dev-x-boundary-1", "data-platform-boundary-dev-2", "x"):
        assert refusal(lambda n=name: iam.create_policy(PolicyName=n, PolicyDocument=everything)) == "AccessDenied"


def test_pull_request_reads_no_parameter_and_no_api_key(ready):
    # given a secret of dev that a person created, and an API key
    ready.client("ssm").put_parameter(Name="/data-platform/dev/webhook", Value="x", Type="SecureString", Overwrite=True)
    key = ready.client("apigateway").create_api_key(name="any", enabled=True, tags={"stack": "dev"})["id"]

    # then a pull request's role is refused, and no CI role may list the keys
    ssm = ready.as_workflow(PREVIEW, PULL_REQUEST, "ssm")
    parameter = {"Name": "/data-platform/dev/webhook", "WithDecryption": True}
    assert refusal(lambda: ssm.get_parameter(**parameter)).startswith("AccessDenied")
    gateway = ready.as_workflow(PREVIEW, PULL_REQUEST, "apigateway")
    assert refusal(lambda: gateway.get_api_key(apiKey=key, includeValue=True)).startswith("AccessDenied")
    for role, subject in ((PREVIEW, PULL_REQUEST), (DRIFT, MAIN), (DEPLOY, DEV)):
        gateway = ready.as_workflow(role, subject, "apigateway")
        assert refusal(lambda g=gateway: g.get_api_keys(includeValues=True)).startswith("AccessDenied")


def test_the_deploy_role_deletes_every_version_of_an_artefact(prepared):
    # given an artefact that was written twice, beside landed objects
    administrator, bucket = prepared.client("s3"), "data-platform-dev-bucket-0000000"
    administrator.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    administrator.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for key in (ARTEFACT, ARTEFACT, LANDED):
        administrator.put_object(Bucket=bucket, Key=key, Body=b"")

    # when the role deletes it as the provider does
    s3 = prepared.as_workflow(DEPLOY, DEV)
    for version in s3.list_object_versions(Bucket=bucket, Prefix=ARTEFACT)["Versions"]:
        s3.delete_object(Bucket=bucket, Key=ARTEFACT, VersionId=version["VersionId"])

    # then nothing of it is left, and the role sees and deletes nothing else
    left = administrator.list_object_versions(Bucket=bucket)["Versions"]
    assert [each["Key"] for each in left] == [LANDED]
    assert refusal(lambda: s3.list_object_versions(Bucket=bucket, Prefix=LANDED)) == "AccessDenied"
    landed = {"Bucket": bucket, "Key": LANDED, "VersionId": left[0]["VersionId"]}
    assert refusal(lambda: s3.delete_object(**landed)) == "AccessDenied"


# --- destroy ----------------------------------------------------------------------------------------------------------


def test_nothing_is_destroyed_while_a_stack_exists(prepared):
    # given the state of a stack
    before = prepared.everything()
    prepared.client("s3").put_object(Bucket=BUCKET, Key=PROD_STATE, Body=b"{}")

    # when the account is to be cleared
    code, output = prepared.run("destroy", "--yes")

    # then the error names the stack and the next step, and everything stays
    assert code == 1
    assert "holds the state of data-platform/prod, which is the only record" in output
    assert prepared.everything() == before


def test_destroy_leaves_nothing_of_its_own(account):
    # given an account with the services' own roles, prepared, with the files of removed stacks in the bucket
    for service in SERVICE_LINKED:
        account.client("iam").create_service_linked_role(AWSServiceName=service)
    before = account.everything()
    account.bootstrap()
    s3 = account.client("s3")
    for key in (DEV_STATE, DEV_STATE, f"{DEV_STATE}.bak"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    s3.delete_object(Bucket=BUCKET, Key=DEV_STATE)

    # when it is cleared
    code, output = account.run("destroy", "--yes")

    # then it is as before, and the keys can be recovered for thirty days
    assert code == 0, output
    assert account.everything() == before
    keys = [
        account.client("kms").describe_key(KeyId=each["KeyId"])["KeyMetadata"]
        for each in account.client("kms").list_keys()["Keys"]
    ]
    assert {key["KeyState"] for key in keys} == {"PendingDeletion"}
    assert "nothing to do" in account.run("destroy", "--yes")[1]


def test_destroy_asks_for_the_buckets_name(prepared):
    before = prepared.everything()
    code, output = prepared.run("destroy")
    assert code == 1
    assert f"type the bucket's name, {BUCKET}" in output
    assert prepared.everything() == before


def test_services_that_ask_for_roles_of_their_own_have_them(ready):
    iam = ready.client("iam")
    services = ("ecs.amazonaws.com", "ops.apigateway.amazonaws.com")
    lacking = [each for each in services if not iam.list_roles(PathPrefix=f"/aws-service-role/{each}/")["Roles"]]
    assert lacking == []


def test_a_deployment_may_ask_for_credentials_of_two_hours(ready):
    roles = {
        role: ready.client("iam").get_role(RoleName=role)["Role"]["MaxSessionDuration"]
        for role in (DEPLOY, DRIFT, PREVIEW)
    }
    assert roles == {DEPLOY: 7200, DRIFT: 3600, PREVIEW: 3600}


def test_created_resources_carry_the_tags_that_identify_them(ready):
    tags = ready.client("iam").get_role(RoleName=DEPLOY)["Role"]["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == OWN_TAGS
