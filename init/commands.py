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
    no_args_is_help=True, add_completion=False, help="What an AWS account needs once, before the first `pulumi up`."
)
console = Console()
errors = Console(stderr=True)

PROJECT_FILE: Final = Path("Pulumi.yaml")

Bucket = Annotated[
    str, typer.Option(help="Name of the state bucket; the world's, so with your organisation's name in it.")
]
Region = Annotated[str | None, typer.Option(help="The stacks' region. Default: the profile's.")]
Profile = Annotated[str | None, typer.Option(help="Profile of ~/.aws with an administrator's rights.")]
Repository = Annotated[
    str | None,
    typer.Option(help="GitHub repository, owner/name or owner@id/name@id. Default: that of the git remote origin."),
]
WriteBackend = Annotated[bool, typer.Option("--write-backend", help="Write the backend's URL into Pulumi.yaml.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


@contextmanager
def _errors_for_a_person() -> Generator[None]:
    try:
        yield
    except BootstrapError as error:
        _fail(str(error), error)
    except ProfileNotFound as error:
        _fail(f"{error}: `aws configure list-profiles` shows those that there are", error)
    except NoCredentialsError as error:
        _fail("no AWS credentials: log in, name a --profile, or set AWS_PROFILE", error)
    except (BotoCoreError, ClientError) as error:
        _fail(f"AWS answered: {error}. What was made so far stays; the same command goes on from there", error)


@app.command()
def bootstrap(
    bucket: Bucket,
    region: Region = None,
    profile: Profile = None,
    repository: Repository = None,
    dry_run: DryRun = False,  # noqa: FBT002 - a flag
    write_backend: WriteBackend = False,  # noqa: FBT002 - a flag
) -> None:
    """Make the state backend, CI's roles and what else the account needs once. Given twice, it changes nothing."""
    with _errors_for_a_person():
        session = boto3.Session(profile_name=profile, region_name=region)
        names = _names(session, bucket, repository)
        _carry_out(changes_of_bootstrap(session, names), names, dry_run=dry_run)
        if write_backend and not dry_run and write_backend_url(PROJECT_FILE, names.backend_url):
            console.print(f"✓ write the backend's URL into {PROJECT_FILE}: commit it")
    if not dry_run:
        _print_next_steps(names, write_backend=write_backend)


@app.command()
def destroy(
    bucket: Bucket,
    region: Region = None,
    profile: Profile = None,
    dry_run: DryRun = False,  # noqa: FBT002 - a flag
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Remove all of that, once no stack is left in the backend."""
    with _errors_for_a_person():
        session = boto3.Session(profile_name=profile, region_name=region)
        names = _names(session, bucket, "any/repository")
        changes = changes_of_removal(session, names)
        if not (dry_run or yes):
            typed = typer.prompt(f"This removes the history of every stack. Type the bucket's name, {bucket}, to go on")
            if typed != bucket:
                raise BootstrapError("that is not the bucket's name; nothing was removed")
        _carry_out(changes, names, dry_run=dry_run)


@app.command()
def escalations() -> None:
    """Print each way in which CI's roles could get more, or reach prod, and whether the policies deny it."""
    # The embedded AWS evaluates the policies; its import takes a second.
    from init.escalations.page import open_ways, page  # noqa: PLC0415 - as just said

    typer.echo(page())
    if open_ways():
        raise typer.Exit(1)


def _names(session: boto3.Session, bucket: str, repository: str | None) -> Names:
    region = cast("str | None", session.region_name)
    if region is None:
        raise BootstrapError("no region: give --region, such as --region eu-west-1, or set one in the profile")
    # Check the names before the first request to the account.
    names = Names(bucket, region, "", repository or _repository_of_origin())
    return replace(names, account=session.client("sts", region_name=region).get_caller_identity()["Account"])


def _repository_of_origin() -> str:
    command = ["git", "remote", "get-url", "origin"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - own arguments
    found = re.search(r"github\.com[:/]([^/\s]+/[^/\s]+?)(?:\.git)?$", result.stdout.strip())
    if found is None:
        raise BootstrapError("the git remote origin is no GitHub repository: name it with --repository owner/name")
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
        console.print("nothing to do: everything is as it should be")


def _print_next_steps(names: Names, *, write_backend: bool) -> None:
    files = " ".join(f"Pulumi.{stack}.yaml" for stack in STACKS)
    lines = [
        "",
        "Next:",
        *([] if write_backend else [f"  pulumi login '{names.backend_url}'"]),
        *(f"  pulumi stack init {each} --secrets-provider '{names.secrets_provider(each)}'" for each in STACKS),
        "  # `stack init` wrote secretsprovider and encryptedkey into the stacks' files, which are to be kept:",
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
