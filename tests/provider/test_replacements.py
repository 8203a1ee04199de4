"""The real AWS provider decides which changes replace a resource, for every input that the local engine knows."""

from pathlib import Path

import pytest

from emulation.pulumi_engine.handlers import HANDLERS
from emulation.pulumi_engine.replacements import replaced_by
from tests.provider.conftest import Translated
from tests.support.provider.replacements import Change, Judgements
from tests.support.provider.schema import Schema
from tests.support.provider.terraform import Terraform
from tests.support.recording import record

pytestmark = pytest.mark.timeout(900)
EVERY_TYPE = Path(__file__).parents[1] / "emulator" / "emulation" / "programs" / "every_type"
TABLE = "aws:dynamodb/table:Table"
COUNTED_BY_NAME = {
    (TABLE, "attributes.type"), (TABLE, "localSecondaryIndexes.projectionType"),
    (TABLE, "localSecondaryIndexes.rangeKey"),
}  # fmt: skip
"""Sets of which the provider compares only the members' names."""
Judged = tuple[dict[str, set[str]], set[Change]]


@pytest.fixture(scope="module")
def judged(terraform: Terraform, schema: Schema, translated: Translated) -> Judged:
    """What the provider says about a change of each input, and the changes that it does not see."""
    graph = record("local", EVERY_TYPE, by_urn=True)
    accepted = {kind: handler.accepts for kind, handler in HANDLERS.items()}
    return Judgements(terraform, schema).replacing(graph, translated(graph), accepted)


@pytest.mark.parametrize("kind", sorted(each for each in HANDLERS if each.startswith("aws:")))
def test_table_says_what_the_provider_plans(judged: Judged, kind: str) -> None:
    replacing, _ = judged
    assert replaced_by(kind) == replacing.get(kind, set())


def test_provider_sees_every_other_change(judged: Judged) -> None:
    _, unseen = judged
    assert {(change.kind, ".".join(change.path)) for change in unseen} == COUNTED_BY_NAME
