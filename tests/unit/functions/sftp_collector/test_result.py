"""What a run reports of its failures: the partner chose the files' names, and its server some of the words."""

from functions.sftp_collector.result import CollectionResult, FailedFile


def test_failure_stays_within_its_line_and_controls_no_terminal():
    result = CollectionResult("parcels")
    result.fail("out/a\n- b.csv: collected\x1b[2J", "the server sent \x9b2J\u202e")
    assert result.failed == [
        FailedFile("out/a\\n- b.csv: collected\\x1b[2J", "the server sent \\x9b2J\\u202e"),
    ]
