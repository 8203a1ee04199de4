"""The schedule expressions that AWS accepts and refuses."""

import pytest

from lake.schedules import ScheduleError, Service, check_schedule, check_schedule_names, continuation_name


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 5 * * ? *)",
        "cron(0/30 6-20 * * ? *)",
        "cron(*/5 * * * ? *)",
        "cron(0 6 ? * MON *)",
        "cron(0 6 ? * mon-fri *)",
        "cron(0 18 ? * 2-6 2027)",
        "cron(15,45 0,12 1,15 JAN,JUL ? 2027-2030)",
        "cron(0 5-20/5 1/10 1/3 ? 2026/2)",
        "cron(0 8 L * ? *)",
        "cron(0 8 3W * ? *)",
        "cron(0 8 ? * L *)",
        "cron(0 8 ? * 6L *)",
        "cron(0 8 ? * 3#2 *)",
        "cron(0 8 ? * THU#5 *)",
        "rate(1 minute)",
        "rate(15 minutes)",
        "rate(1 hour)",
        "rate(2 hours)",
        "rate(10 days)",
        "at(2027-02-28T23:59:59)",
    ],
)
def test_a_schedule_that_aws_accepts_is_returned(expression: str) -> None:
    assert check_schedule(expression) == expression


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        # Unix
        ("0 5 * * *", r"such as cron\(0 5 \* \* \? \*\), rate\(15 minutes\) or at\(2027-01-31T05:00:00\)"),
        ("@daily", "is not a schedule, such as cron"),
        ("cron(0 5 * * *)", r"cron has six fields \(minutes, hours, .*, year\), not 5, such as cron"),
        ("cron(0 5 * * ? * *)", "six fields .* not 7"),
        ("cron(0 5 * * 1 *)", "exactly one of day-of-month and day-of-week has to be '\\?'"),
        ("cron(0 5 1 * MON *)", "exactly one of day-of-month and day-of-week has to be '\\?'"),
        ("cron(0 5 * * * *)", "exactly one of day-of-month and day-of-week has to be '\\?'"),
        ("cron(0 5 ? * ? *)", "exactly one of day-of-month and day-of-week has to be '\\?'"),
        ("cron(0 5 ? * 0 *)", "day-of-week '0': expected 1 to 7 or SUN to SAT"),
        # Values out of range
        ("cron(60 5 * * ? *)", "minutes '60': expected 0 to 59"),
        ("cron(0 24 * * ? *)", "hours '24': expected 0 to 23"),
        ("cron(0 5 0 * ? *)", "day-of-month '0': expected 1 to 31"),
        ("cron(0 5 32W * ? *)", "day-of-month '32W': expected 1 to 31"),
        ("cron(0 5 * 13 ? *)", "month '13': expected 1 to 12 or JAN to DEC"),
        ("cron(0 5 * MAI ? *)", "month 'MAI': expected 1 to 12 or JAN to DEC"),
        ("cron(0 5 * * ? 1969)", "year '1969': expected 1970 to 2199"),
        ("cron(0 5 ? * 1-8 *)", "day-of-week '1-8': expected 1 to 7"),
        ("cron(0 5 ? * MON#6 *)", "day-of-week 'MON#6'"),
        ("cron(0 5 ? * 3#1,6#3 *)", "day-of-week '3#1,6#3'"),
        ("cron(0 5 ? * 2/2 *)", "day-of-week '2/2'"),
        ("cron(0 5 ? * 8L *)", "day-of-week '8L'"),
        # Wildcards of other fields, and malformed lists, ranges and steps
        ("cron(? 5 * * ? *)", r"minutes '\?'"),
        ("cron(0 L * * ? *)", "hours 'L'"),
        ("cron(0 5 L,15 * ? *)", "day-of-month 'L,15'"),
        ("cron(0/0 5 * * ? *)", "minutes '0/0'"),
        ("cron(0/60 5 * * ? *)", "minutes '0/60'"),
        ("cron(0/ 5 * * ? *)", "minutes '0/'"),
        ("cron(-5 5 * * ? *)", "minutes '-5'"),
        ("cron(1,,2 5 * * ? *)", "minutes '1,,2'"),
        ("cron(*-5 5 * * ? *)", r"minutes '\*-5'"),
        ("cron(1-2-3 5 * * ? *)", "minutes '1-2-3'"),
        ("cron(\u0663 5 * * ? *)", "minutes '\u0663'"),
        # Rates and times
        ("rate(1 hours)", r"singular for 1 and plural otherwise, such as rate\(1 hour\) and rate\(2 hours\)"),
        ("rate(2 hour)", "singular for 1 and plural otherwise"),
        ("rate(0 minutes)", "a whole number from 1"),
        ("rate(1.5 hours)", "a whole number from 1"),
        ("rate(5 weeks)", "minutes, hours or days"),
        ("rate(30 seconds)", "minutes, hours or days"),
        ("rate(5)", "minutes, hours or days"),
        ("at(2027-02-29T05:00:00)", "a time without a zone"),
        ("at(2027-02-28 05:00:00)", "a time without a zone"),
        ("at(2027-02-28T05:00:00Z)", "a time without a zone"),
        ("every(5 minutes)", "is not a schedule"),
        ("cron(0 5 * * ? *) ", "is not a schedule"),
        ("", "is not a schedule"),
    ],
)
def test_a_schedule_that_aws_refuses_is_refused(expression: str, message: str) -> None:
    with pytest.raises(ScheduleError, match=message):
        check_schedule(expression)


@pytest.mark.parametrize(
    ("service", "expression"),
    [("rule", "at(2027-01-31T05:00:00)"), ("glue", "at(2027-01-31T05:00:00)"), ("glue", "rate(15 minutes)")],
)
def test_a_form_that_the_service_does_not_have_is_refused(service: Service, expression: str) -> None:
    assert check_schedule(expression) == expression
    with pytest.raises(ScheduleError, match="is not a schedule, such as cron"):
        check_schedule(expression, service)


def test_a_dataset_name_may_be_as_long_as_scheduler_accepts() -> None:
    # given the longest name whose schedules have at most 64 characters
    longest = "d" * (64 - len(continuation_name("")))

    # then it is accepted, and a longer one is refused
    check_schedule_names(longest)
    with pytest.raises(ScheduleError, match=f"use at most {len(longest)} characters"):
        check_schedule_names(f"{longest}d")
