"""What webhooks receive for an alarm, an alert and plain text, in each form."""

import json

import pytest

from functions.alarm_forwarder.messages import Message, body_of, read_notice

ALARM = {
    "AlarmName": "data-platform-dev-datasets-vehicles-late",
    "AlarmDescription": "vehicles is late. Runbook: docs/runbooks/dataset-late.md",
    "NewStateValue": "ALARM",
    "NewStateReason": "1 datapoint [93601 > 93600] was greater than the threshold",
}
ALERT = {"alert": "A Glue run did not succeed", "runbook": "docs/runbooks/failed-jobs.md", "event": {"id": "1"}}


def notice_of(content, subject=None):
    return read_notice(Message("arn:of:topic", content if isinstance(content, str) else json.dumps(content), subject))


def test_alarm_summary_has_state_name_description_and_reason():
    notice = notice_of(ALARM)
    assert notice.title == "ALARM: data-platform-dev-datasets-vehicles-late"
    assert notice.text == f"{ALARM['AlarmDescription']}\n{ALARM['NewStateReason']}"


def test_an_alarm_without_description_is_its_reason():
    assert notice_of({**ALARM, "AlarmDescription": None}).text == ALARM["NewStateReason"]


def test_an_alert_is_summarised_by_what_happened_and_its_runbook():
    notice = notice_of(ALERT)
    assert (notice.title, notice.text) == (ALERT["alert"], "Runbook: docs/runbooks/failed-jobs.md")


@pytest.mark.parametrize("text", ["80 % of the budget is spent", "[1, 2]", '"text"', "{}", '{"AlarmName": 1}'])
def test_any_other_message_is_its_subject_and_its_text(text):
    assert (notice_of(text, "AWS Budgets").title, notice_of(text).text) == ("AWS Budgets", text)
    assert notice_of(text).title == "Message of the data platform"


def test_a_service_receives_the_summary_and_the_whole_message():
    body = json.loads(body_of(notice_of(ALARM), "json"))
    assert body == {"title": notice_of(ALARM).title, "text": notice_of(ALARM).text, "message": ALARM}


def test_slack_receives_text_without_markup_of_the_message():
    body = json.loads(body_of(notice_of("a <b> & c", "<!channel>"), "slack"))
    assert body == {"text": "*&lt;!channel&gt;*\na &lt;b&gt; &amp; c"}


def test_teams_receives_an_adaptive_card_with_title_and_text():
    [attachment] = json.loads(body_of(notice_of(ALARM), "teams"))["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert [block["text"] for block in attachment["content"]["body"]] == [
        notice_of(ALARM).title,
        notice_of(ALARM).text,
    ]
