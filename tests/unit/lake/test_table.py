"""How items become DynamoDB requests. The guarantees of the writes are tested on the emulator."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.table import DynamoTable, Put, TableTooSlowError, Update, deserialised, serialised


class ConditionFailed(Exception):  # noqa: N818 - boto3's name ends so
    """Return the error that a client raises if a condition fails."""

    def __init__(self, item):
        super().__init__("condition")
        self.response = {"Item": item} if item else {}


class Client:
    """Keeps each request, and returns the test's answers."""

    exceptions = type("Exceptions", (), {"ConditionalCheckFailedException": ConditionFailed})

    def __init__(self, answer=None):
        self.requests, self.answer = [], answer

    def _answer(self, **request):
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or {}

    put_item = update_item = delete_item = batch_get_item = _answer


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=10) | st.integers(-(2**60), 2**60)))
def test_an_item_reads_back_as_it_was_written(item):
    assert deserialised(serialised(item)) == item


def test_each_name_and_value_of_an_expression_has_a_placeholder():
    # when
    client = Client({"Attributes": {}})
    DynamoTable(client, "t").update(Update({"pk": "a"}, "SET #state = :new", "#state = :old", {"new": "x", "old": "y"}))

    # then
    [request] = client.requests
    assert request["ExpressionAttributeNames"] == {"#state": "state"}
    assert request["ExpressionAttributeValues"] == {":new": {"S": "x"}, ":old": {"S": "y"}}


def test_a_put_without_condition_sends_no_expression():
    # when
    client = Client()
    assert DynamoTable(client, "t").put(Put({"pk": "a"}))

    # then
    [request] = client.requests
    assert not [name for name in request if name.startswith(("Condition", "Expression"))]


@pytest.mark.parametrize(("standing", "item"), [({"pk": {"S": "a"}, "n": {"N": "3"}}, {"pk": "a", "n": 3}), (None, {})])
def test_a_refused_put_gives_the_item_that_stands(standing, item):
    table = DynamoTable(Client(ConditionFailed(standing)), "t")
    assert table.put_or_get(Put({"pk": "a"}, "attribute_not_exists(#pk)")) == item
    assert not table.put(Put({"pk": "a"}, "attribute_not_exists(#pk)"))


def test_a_refused_update_or_delete_is_not_an_error():
    table = DynamoTable(Client(ConditionFailed(None)), "t")
    assert table.update(Update({"pk": "a"}, "SET #a = :a", "#a = :b", {"a": 1, "b": 2})) is None
    assert not table.delete({"pk": "a"}, "#a = :a", {"a": 1})


def test_keys_that_stay_unread_end_in_an_error():
    client = Client({"Responses": {}, "UnprocessedKeys": {"t": {"Keys": [{"pk": {"S": "a"}}]}}})
    with pytest.raises(TableTooSlowError, match="table t answers too slowly"):
        list(DynamoTable(client, "t").get_all([{"pk": "a"}]))
    assert len(client.requests) == 8
