"""What a person types behind a job is checked before the job starts."""

import pytest

from ops.jobs.arguments import JOB_ARGUMENTS, job_arguments
from ops.stack.errors import InvalidInputError

DAYS_TYPED = ["--dataset", "parcels", "--from", "2026-11-01"]
DAYS = {"--dataset": "parcels", "--from": "2026-11-01"}
REPORT = "members_by_parcel_count"
KEY = "inbound/parcels/2026/11/22/a.csv"


@pytest.mark.parametrize(
    ("job", "words", "checked"),
    [
        ("refine", [], {}),
        ("warehouse", DAYS_TYPED, DAYS),
        ("warehouse", ["--dataset=parcels", "--object", KEY], {"--dataset": "parcels", "--object": KEY}),
        ("sanitise", ["--object", KEY], {"--object": KEY}),
        ("sanitise", ["--dataset", "parcels", "--only", "refused"], {"--dataset": "parcels", "--only": "refused"}),
        ("publish", ["--rebuild", "--dataset", "parcels"], {"--rebuild": "true", "--dataset": "parcels"}),
        ("publish", ["--reconcile=true"], {"--reconcile": "true"}),
        ("warehouse", ["--all-days"], {"--all-days": "true"}),
        ("mart", ["--report", REPORT], {"--report": REPORT}),
        ("mart", ["--force"], {"--force": "true"}),
        ("publish", ["--spark-above-bytes", "0"], {"--spark-above-bytes": "0"}),
        ("mart", [f"--report={REPORT}", "--as-of=7"], {"--report": REPORT, "--as-of": "7"}),
    ],
)  # fmt: skip
def test_valid_arguments_are_passed_on(job, words, checked):
    assert job_arguments(job, words) == checked


@pytest.mark.parametrize(
    ("job", "words", "why"),
    [
        ("mart", ["--report", "nope"], "unknown report 'nope': choose one of"),
        (
            "mart",
            ["--as-of", "yesterday"],
            "'yesterday' is not a time such as 2026-11-22T05:00:00Z, or the id of a sna",
        ),
        ("mart", ["--as-of", "7"], "name it with --report"),
        ("warehouse", ["--dataset", "nope"], "unknown dataset 'nope': choose one of"),
        ("warehouse", ["--from", "2026-13-40"], "'2026-13-40' is not a day as YYYY-MM-DD"),
        ("warehouse", ["--from", "20261122"], "is not a day as YYYY-MM-DD"),
        ("warehouse", ["--from", "2026-11-23", "--to", "2026-11-22"], "--from 2026-11-23 is after --to 2026-11-22"),
        ("warehouse", ["--object", "a.csv"], "is not the key of an inbound object"),
        ("warehouse", ["--dataset", "members", "--object", KEY], "is not an object of members"),
        ("sanitise", [], "give one of them"),
        ("sanitise", ["--dataset", "parcels", "--object", KEY], "give one of them"),
        (
            "sanitise",
            ["--dataset", "parcels", "--only", "clean"],
            "unknown value of --only 'clean': choose one of refused",
        ),
        ("mart", ["--spark-above-bytes", "1 GB"], "'1 GB' is not a number of bytes, such as 1000000000"),
        ("mart", ["--spark-above-bytes", "\u0664"], "is not a number of bytes"),
        ("refine", ["--dataset", "parcels"], "refine does not know --dataset: it takes no arguments"),
        ("warehouse", ["--datset", "parcels"], "warehouse does not know --datset: it takes --dataset"),
        ("warehouse", ["parcels"], "warehouse does not know parcels"),
        ("warehouse", ["--dataset"], "--dataset needs a value"),
        ("sanitise", ["--object", KEY, "--object", KEY], "--object can be given once; run sanitise once for"),
    ],
)
def test_invalid_arguments_are_refused_with_the_reason(job, words, why):
    with pytest.raises(InvalidInputError, match=why):
        job_arguments(job, words)


@pytest.mark.parametrize("job", [job for job, known in JOB_ARGUMENTS.items() if known])
def test_every_argument_of_a_job_has_a_check(job):
    # given a value that no argument accepts
    for option in JOB_ARGUMENTS[job]:
        with pytest.raises(InvalidInputError):
            job_arguments(job, [option, "?"])
