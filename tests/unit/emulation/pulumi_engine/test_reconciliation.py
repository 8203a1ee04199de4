"""The engine's decisions, with handlers without side effects."""

import re
from dataclasses import replace

import pulumi
import pytest

from emulation.pulumi_engine import replacements
from emulation.pulumi_engine.emulator import Emulator
from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.handler import Created, Handler
from emulation.pulumi_engine.handlers import HANDLERS
from emulation.pulumi_engine.monitor import EngineMonitor
from emulation.pulumi_engine.program import run_program
from emulation.pulumi_engine.providers import Provider
from emulation.pulumi_engine.reconciliation import Execution, Plan
from emulation.pulumi_engine.registration import Goal, Target
from emulation.pulumi_engine.state import State
from emulation.pulumi_engine.values import as_secret

TYPE = "aws:test/thing:Thing"
PROGRAM = """
import pulumi

class Group(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:index:Group", name, None, opts)

class Thing(pulumi.CustomResource):
    word: pulumi.Output[str]
    def __init__(self, name, word, opts=None):
        super().__init__("aws:test/thing:Thing", name, {"word": word, "arn": None}, opts)

outer = Group("outer")
inner = Group("inner", opts=pulumi.ResourceOptions(parent=outer))
"""


def make(request):
    return Created(f"{request.name}-id", {"arn": f"arn:{request.name}", "echo": request.inputs["word"]})


@pytest.fixture(autouse=True)
def handler(monkeypatch):
    """A type whose resources are replaced if the word changes, and updated in place if the colour changes."""
    made = Handler(make, accepts=("word", "colour", "name"), update=lambda _request, _standing: {})
    monkeypatch.setitem(HANDLERS, TYPE, made)
    monkeypatch.setattr(replacements, "_REPLACED_BY", {TYPE: "word"})


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "state", "one")


@pytest.fixture
def target(tmp_path, state):
    return Target(Emulator("http://127.0.0.1:1"), "1", {"aws:region": "eu-west-1"}, tmp_path, state.private_keys)


@pytest.fixture
def run(tmp_path):
    """Runs a program on the state, for real or as a plan, and returns its monitor."""

    def run(source, reconciliation, *, dry_run=False):
        (tmp_path / "__main__.py").write_text(PROGRAM + source)
        monitor = EngineMonitor(reconciliation)
        run_program(tmp_path, monitor, project="p", stack="s", configuration={}, dry_run=dry_run)
        return monitor

    return run


def goal(word="a", **inputs):
    return Goal("urn:thing", TYPE, "thing", {"word": word, **inputs}, Provider("eu-west-1"))


def test_a_urn_holds_the_types_of_the_whole_chain_of_parents(run, state, target):
    # when
    run("Thing('thing', 'a', pulumi.ResourceOptions(parent=inner))", Execution(target, state, None))
    # then
    assert list(state.resources) == [f"urn:pulumi:s::p::test:index:Group$test:index:Group${TYPE}::thing"]


def test_the_same_name_twice_is_refused(run, state, target):
    # when, then
    with pytest.raises(EngineError, match=r"registers urn:pulumi:s::p::.*::thing twice"):
        run("Thing('thing', 'a'); Thing('thing', 'b')", Execution(target, state, None))


def test_outputs_reach_later_resources_and_exports(run, state, target):
    # when
    monitor = run(
        "first = Thing('first', 'a')\n"
        "second = Thing('second', first.id.apply(lambda i: f'after {i}'))\n"
        "pulumi.export('word', second.word)",
        Execution(target, state, None),
    )
    # then
    assert monitor.exports == {"word": "after first-id"}


def test_plan_makes_nothing_and_lists_every_refusal(run, state, target):
    # given
    run("Thing('first', 'a', pulumi.ResourceOptions(protect=True))", Execution(target, state, None))
    plan = Plan(target, state)
    # when
    run("Thing('first', 'b', pulumi.ResourceOptions(protect=True)); Thing('second', 'b')", plan, dry_run=True)
    # then
    assert plan.problems == [f"{TYPE} 'first' is protected, but its word cannot change in place"]
    assert len(state.resources) == 1


@pytest.mark.parametrize(
    "source",
    [
        "pulumi.runtime.register_resource_transform(lambda args: None)",
        "Thing('thing', 'a', pulumi.ResourceOptions(transforms=[lambda args: None]))",
        "Thing('thing', 'a', pulumi.ResourceOptions(id='existing'))",
        "Thing('thing', 'a', pulumi.ResourceOptions(import_='existing'))",
    ],
)
def test_unsupported_feature_is_refused_rather_than_ignored(run, state, target, source):
    # when, then
    with pytest.raises(EngineError, match="the local engine"):
        run(source, Execution(target, state, None))


def test_running_a_program_leaves_pulumi_as_it_was(run, state, target):
    # given
    before = (pulumi.get_stack(), pulumi.get_project(), pulumi.runtime.settings.get_root_resource())
    # when
    run("Thing('thing', 'a')", Execution(target, state, None))
    # then
    assert (pulumi.get_stack(), pulumi.get_project(), pulumi.runtime.settings.get_root_resource()) == before


def test_change_in_place_is_an_update(state, target):
    # given
    Execution(target, state, None).register(goal(colour="red"))
    execution = Execution(target, state, None)
    # when
    execution.register(goal(colour="blue"))
    # then
    assert execution.counts == {"updated": 1}


def test_change_that_the_program_ignores_is_not_made(state, target):
    # given
    Execution(target, state, None).register(goal("a"))
    execution = Execution(target, state, None)
    # when
    execution.register(replace(goal("b"), ignored=frozenset({"word"})))
    # then
    assert execution.counts == {"unchanged": 1}


def test_update_keeps_the_value_whose_change_is_ignored(state, target):
    # given
    Execution(target, state, None).register(goal("a", colour="red"))
    # when
    Execution(target, state, None).register(replace(goal("b", colour="blue"), ignored=frozenset({"word"})))
    # then
    [kept] = state.resources.values()
    assert (kept.inputs["word"], kept.inputs["colour"]) == ("a", "blue")


def test_another_trigger_replaces_with_every_input(state, target):
    # given
    Execution(target, state, None).register(replace(goal("a"), trigger="one"))
    execution = Execution(target, state, None)
    # when
    again = replace(goal("b"), trigger="two", ignored=frozenset({"word"}), deletes_first=True)
    execution.register(again)
    # then
    [kept] = state.resources.values()
    assert (execution.counts, kept.inputs["word"], state.replaced) == ({"replaced": 1}, "b", [])


def test_replaced_resource_gets_another_made_up_name(state, target):
    # given
    Execution(target, state, None).register(goal("a"))
    [before] = state.resources.values()
    # when
    Execution(target, state, None).register(goal("b"))
    # then
    [after] = state.resources.values()
    assert re.fullmatch("thing-[0-9a-f]{7}", before.inputs["name"])
    assert after.inputs["name"] != before.inputs["name"]
    assert [each.resource for each in state.replaced] == [before]


def test_what_is_still_to_be_deleted_is_known_to_the_next_run(state, target, tmp_path):
    # given
    Execution(target, state, None).register(goal("a"))
    Execution(target, state, None).register(goal("b"))
    # when
    later = State(tmp_path / "state", "one")
    execution = Execution(target, later, None)
    execution.register(goal("b"))
    execution.finish()
    # then
    assert (later.replaced, execution.counts) == ([], {"unchanged": 1})


def test_secrets_are_kept_neither_as_inputs_nor_as_outputs(state, target):
    # when
    Execution(target, state, None).register(goal(as_secret("hush")))
    # then
    [kept] = state.resources.values()
    assert kept.outputs == {"arn": "arn:thing"}
    assert set(kept.inputs["word"]) == {"hmac"}


def test_another_value_of_a_secret_is_seen(state, target):
    # given
    Execution(target, state, None).register(goal(as_secret("hush")))
    execution = Execution(target, state, None)
    # when
    execution.register(goal(as_secret("silence")))
    # then
    assert execution.counts == {"replaced": 1}
