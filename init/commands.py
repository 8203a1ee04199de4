"""The commands that prepare and clear an AWS account."""

import re
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, cast

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ProfileNotFound
from rich.console import Console
from rich.markup import escape

from init.backend_url import write_backend_url
from init.bootstrap import changes_of_bootstrap
from init.change import BootstrapError, Changes
from init.names import STACKS, Names
from init.removal import changes_of_removal
from lake.printable import printable, printable_lines

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Prepare an AWS account once, before the first `pulumi up`."
)
console = Console()
errors = Console(stderr=True)

PROJECT_FILE: Final = Path("Pulumi.yaml")

Bucket = Annotated[
    str, typer.Option(help="Name of the state bucket. Bucket names are global, so include your organisation's name.")
]
Region = Annotated[str | None, typer.Option(help="Region of the stacks. Default: the profile's region.")]
Profile = Annotated[str | None, typer.Option(help="Profile in ~/.aws with administrator rights.")]
Repository = Annotated[
    str | None,
    typer.Option(
        help="GitHub repository, as owner/name or owner@id/name@id. Default: the repository of the git remote origin."
    ),
]
WriteBackend = Annotated[bool, typer.Option("--write-backend", help="Write the backend's URL into Pulumi.yaml.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only list the changes; change nothing.")]


@contextmanager
def _errors_for_a_person() -> Generator[None]:
    try:
        yield
    except BootstrapError as error:
        _fail(str(error), error)
    except ProfileNotFound as error:
        _fail(f"{error}; `aws configure list-profiles` lists the profiles", error)
    except NoCredentialsError as error:
        _fail("AWS credentials were not found; sign in, give --profile, or set AWS_PROFILE", error)
    except (BotoCoreError, ClientError) as error:
        _fail(f"AWS request failed: {error}; earlier changes are kept; to continue, run the same command again", error)


@app.command()
def bootstrap(
    bucket: Bucket,
    region: Region = None,
    profile: Profile = None,
    repository: Repository = None,
    dry_run: DryRun = False,  # noqa: FBT002 - a flag
    write_backend: WriteBackend = False,  # noqa: FBT002 - a flag
) -> None:
    """Create the state backend, the CI roles and everything else that the account needs once."""
    with _errors_for_a_person():
        session = boto3.Session(profile_name=profile, region_name=region)
        names = _names(session, bucket, repository)
        _carry_out(changes_of_bootstrap(session, names), names, dry_run=dry_run)
        if write_backend and not dry_run and write_backend_url(PROJECT_FILE, names.backend_url):
            console.print(f"✓ write the backend's URL into {PROJECT_FILE}; commit this file")
    if not dry_run:
        _print_next_steps(names, write_backend=write_backend)


@app.command()
def destroy(
    bucket: Bucket,
    region: Region = None,
    profile: Profile = None,
    dry_run: DryRun = False,  # noqa: FBT002 - a flag
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Delete everything that `bootstrap` created, after the last stack is removed."""
    with _errors_for_a_person():
        session = boto3.Session(profile_name=profile, region_name=region)
        names = _names(session, bucket, "any/repository")
        changes = changes_of_removal(session, names)
        if not (dry_run or yes):
            typed = typer.prompt(
                f"This deletes the history of every stack. To continue, type the bucket's name, {bucket}"
            )
            if typed != bucket:
                raise BootstrapError("this is not the bucket's name; nothing was removed")
        _carry_out(changes, names, dry_run=dry_run)


@app.command()
def escalations() -> None:
    """List each way in which a CI role could gain rights or reach prod, and the policies' decision."""
    # The embedded AWS evaluates the policies; its import takes a second.
    from init.escalations.page import open_ways, page  # noqa: PLC0415 - as just said

    typer.echo(page())
    if open_ways():
        raise typer.Exit(1)


def _names(session: boto3.Session, bucket: str, repository: str | None) -> Names:
    region = cast("str | None", session.region_name)
    if region is None:
        raise BootstrapError(
            "the region is missing; give --region, such as --region eu-west-1, or set one in the profile"
        )
    # Check the names before the first request to the account.
    names = Names(bucket, region, "", repository or _repository_of_origin())
    return replace(names, account=session.client("sts", region_name=region).get_caller_identity()["Account"])


def _repository_of_origin() -> str:
    command = ["git", "remote", "get-url", "origin"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - own arguments
    found = re.search(r"github\.com[:/]([^/\s]+/[^/\s]+?)(?:\.git)?$", result.stdout.strip())
    if found is None:
        raise BootstrapError(
            "the git remote origin is not a GitHub repository; name the repository with --repository owner/name"
        )
    return found[1]


def _carry_out(changes: Changes, names: Names, *, dry_run: bool) -> None:
    console.print(f"account {names.account}, region {names.region}", highlight=False)
    count = 0
    for change in changes:
        if dry_run:
            console.print(f"would {escape(printable(change.what))}", highlight=False, soft_wrap=True)
        else:
            change.make()
            console.print(f"[green]✓[/] {escape(printable(change.what))}", highlight=False, soft_wrap=True)
        count += 1
    if not count:
        console.print("nothing to do: the account is already prepared")


def _print_next_steps(names: Names, *, write_backend: bool) -> None:
    files = " ".join(f"Pulumi.{stack}.yaml" for stack in STACKS)
    lines = [
        "",
        "Next:",
        *([] if write_backend else [f"  pulumi login '{names.backend_url}'"]),
        *(f"  pulumi stack init {each} --secrets-provider '{names.secrets_provider(each)}'" for each in STACKS),
        "  # `stack init` wrote secretsprovider and encryptedkey into the stacks' files; keep them:",
        f"  git add {files} && git commit -m 'Key of each stack'",
        f"  gh variable set AWS_ACCOUNT_ID --body {names.account}",
        f"  gh variable set AWS_REGION --body {names.region}",
        f"  gh variable set PULUMI_BACKEND_URL --body '{names.backend_url}'",
        "  pulumi up --stack dev",
    ]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _fail(message: str, error: Exception) -> None:
    errors.print(f"[red]error:[/] {escape(printable_lines(message))}", highlight=False, soft_wrap=True)
    raise typer.Exit(1) from error
