"""The jobs' order follows the deployed triggers."""

from ops.jobs.workflow import FAILED, SUCCEEDED, Trigger, walk


def starting(*jobs: str) -> Trigger:
    return Trigger("on-landing", jobs, starts_the_workflow=True, logical="AND", conditions=())


def after(*conditions: tuple[str, str], starts: str, logical: str = "AND") -> Trigger:
    return Trigger(f"starts-{starts}", (starts,), starts_the_workflow=False, logical=logical, conditions=conditions)


def test_a_job_runs_after_the_one_that_it_waits_for() -> None:
    # given triggers in any order
    triggers = [after(("warehouse", SUCCEEDED), starts="mart"), starting("warehouse")]

    # then the jobs run in the workflow's
    assert list(walk(triggers, lambda _: SUCCEEDED)) == [("warehouse", SUCCEEDED), ("mart", SUCCEEDED)]


def test_a_job_does_not_run_after_one_that_failed() -> None:
    triggers = [starting("warehouse"), after(("warehouse", SUCCEEDED), starts="mart")]
    assert list(walk(triggers, lambda _: FAILED)) == [("warehouse", FAILED)]


def test_a_job_waits_for_all_that_its_trigger_names() -> None:
    # given a job that waits for two others, of which one fails
    triggers = [starting("a", "b"), after(("a", SUCCEEDED), ("b", SUCCEEDED), starts="c")]

    # then it does not run
    ended = dict(walk(triggers, lambda job: FAILED if job == "b" else SUCCEEDED))
    assert ended == {"a": SUCCEEDED, "b": FAILED}


def test_a_job_runs_after_any_that_its_trigger_names() -> None:
    triggers = [starting("a", "b"), after(("a", SUCCEEDED), ("b", SUCCEEDED), starts="c", logical="ANY")]
    ended = dict(walk(triggers, lambda job: FAILED if job == "b" else SUCCEEDED))
    assert ended["c"] == SUCCEEDED


def test_triggers_that_wait_for_each_other_end() -> None:
    triggers = [starting("a"), after(("c", SUCCEEDED), starts="b"), after(("b", SUCCEEDED), starts="c")]
    assert dict(walk(triggers, lambda _: SUCCEEDED)) == {"a": SUCCEEDED}
