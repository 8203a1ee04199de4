"""What the engine decides, with handlers that touch nothing."""

from pathlib import Path

import pulumi
import pytest

from emulation.pulumi_engine.emulator import Emulator
from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.handler import Created, Handler, Request
from emulation.pulumi_engine.monitor import EngineMonitor, Target
from emulation.pulumi_engine.program import run_program
from emulation.pulumi_engine.reconciliation import Execution, Plan
from emulation.pulumi_engine.state import State
from emulation.pulumi_engine.values import Properties

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


HANDLERS = {TYPE: Handler(make, accepts=("word", "colour"), updatable=("colour",), update=lambda _r, made: made)}


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "state", "one")


@pytest.fixture
def run(tmp_path, state):
    """Runs a program over the state, for real or as a plan, and returns its monitor."""

    def run(source, reconciliation, *, dry_run=False):
        (tmp_path / "__main__.py").write_text(PROGRAM + source)
        target = Target(Emulator("http://127.0.0.1:1"), "1", {"aws:region": "eu-west-1"}, tmp_path, state.private_keys)
        monitor = EngineMonitor(target, reconciliation)
        run_program(tmp_path, monitor, project="p", stack="s", configuration={}, dry_run=dry_run)
        return monitor

    return run


def request(word="a", *, secrets=(), **inputs):
    values = {"word": word, **inputs}
    return Request(
        f"urn:{TYPE}::thing", TYPE, "thing", Properties(values, frozenset(secrets)), "eu-west-1", "1", {},
        Emulator("http://127.0.0.1:1"), Path(),
    )  # fmt: skip


def test_a_urn_holds_the_types_of_the_whole_chain_of_parents(run, state):
    # when
    run("Thing('thing', 'a', pulumi.ResourceOptions(parent=inner))", Execution(HANDLERS, state, None))
    # then
    assert list(state.resources) == [f"urn:pulumi:s::p::test:index:Group$test:index:Group${TYPE}::thing"]


def test_the_same_name_twice_is_refused(run, state):
    # when, then
    with pytest.raises(EngineError, match=r"registers urn:pulumi:s::p::.*::thing twice"):
        run("Thing('thing', 'a'); Thing('thing', 'b')", Execution(HANDLERS, state, None))


def test_outputs_reach_later_resources_and_exports(run, state):
    # when
    monitor = run(
        "first = Thing('first', 'a')\n"
        "second = Thing('second', first.id.apply(lambda i: f'after {i}'))\n"
        "pulumi.export('word', second.word)",
        Execution(HANDLERS, state, None),
    )
    # then
    assert monitor.exports == {"word": "after first-id"}


def test_a_plan_makes_nothing_and_refuses_a_change_without_blaming_what_depends_on_it(run, state):
    # given
    rest = "second = Thing('second', first.id)"
    run(f"first = Thing('first', 'a'); {rest}", Execution(HANDLERS, state, None))
    plan = Plan(HANDLERS, state)
    # when
    run(f"first = Thing('first', 'b'); {rest}; third = Thing('third', second.id)", plan, dry_run=True)
    # then
    assert plan.problems == [f"{TYPE} 'first': word changed"]
    assert len(state.resources) == 2


@pytest.mark.parametrize(
    "source",
    [
        "pulumi.runtime.register_resource_transform(lambda args: None)",
        "Thing('thing', 'a', pulumi.ResourceOptions(transforms=[lambda args: None]))",
        "Thing('thing', 'a', pulumi.ResourceOptions(id='existing'))",
        "Thing('thing', 'a', pulumi.ResourceOptions(import_='existing'))",
    ],
)
def test_what_the_engine_does_not_do_is_refused_rather_than_ignored(run, state, source):
    # when, then
    with pytest.raises(EngineError, match="the local engine"):
        run(source, Execution(HANDLERS, state, None))


def test_running_a_program_leaves_pulumi_as_it_was(run, state):
    # given
    before = (pulumi.get_stack(), pulumi.get_project(), pulumi.runtime.settings.get_root_resource())
    # when
    run("Thing('thing', 'a')", Execution(HANDLERS, state, None))
    # then
    assert (pulumi.get_stack(), pulumi.get_project(), pulumi.runtime.settings.get_root_resource()) == before


def test_a_change_that_a_handler_can_carry_out_is_an_update(state):
    # given
    Execution(HANDLERS, state, None).register(request(colour="red"), frozenset())
    execution = Execution(HANDLERS, state, None)
    # when
    execution.register(request(colour="blue"), frozenset())
    # then
    assert execution.counts == {"updated": 1}


def test_a_change_that_the_program_ignores_is_none(state):
    # given
    Execution(HANDLERS, state, None).register(request("a"), frozenset())
    execution = Execution(HANDLERS, state, None)
    # when
    execution.register(request("b"), frozenset({"word"}))
    # then
    assert execution.counts == {"unchanged": 1}


def test_an_output_that_repeats_a_secret_is_not_kept(state):
    # when
    Execution(HANDLERS, state, None).register(request("hush", secrets={"word"}), frozenset())
    # then
    [kept] = state.resources.values()
    assert kept.outputs == {"arn": "arn:thing"}
