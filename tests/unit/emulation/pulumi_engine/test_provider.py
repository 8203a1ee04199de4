"""The providers as the real Pulumi engine calls them, with a handler without side effects."""

import contextlib

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from emulation.pulumi_engine import replacements
from emulation.pulumi_engine.emulator import Emulator
from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.handler import Created, Handler
from emulation.pulumi_engine.handlers import HANDLERS
from emulation.pulumi_engine.provider_server import running_providers
from emulation.pulumi_engine.values import UNKNOWN, as_secret

TYPE = "aws:test/thing:Thing"
URN = f"urn:pulumi:s::p::test:index:Group${TYPE}::thing"
ARCHIVE = {"4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7", "path": "code"}
DIFFERS = provider_pb2.DiffResponse.DIFF_SOME
SAME = provider_pb2.DiffResponse.DIFF_NONE


def struct(**values):
    return json_format.ParseDict(values, struct_pb2.Struct())


def plain(message):
    return json_format.MessageToDict(message)


class Thing:
    """The handler's side: the calls that it received, and its answers."""

    def __init__(self):
        self.asked = []
        self.found = {}
        self.error = None

    def create(self, request):
        self.asked.append(("create", request.name, dict(request.inputs)))
        if self.error:
            raise self.error
        return Created("thing-id", {"arn": "arn:thing"})

    def update(self, _request, standing):
        self.asked.append(("update", standing.id, set(standing.changed)))
        return {"version": 2}

    def delete(self, _request, standing):
        self.asked.append(("delete", standing.id, standing.properties.get("arn")))
        if self.error:
            raise self.error

    def read(self, _request, _standing):
        if self.error:
            raise self.error
        return self.found


@pytest.fixture
def thing(monkeypatch):
    """A type whose resources are replaced if the word or the shape's size changes, and updated in place otherwise."""
    made = Thing()
    handler = Handler(
        made.create,
        accepts=("word", "colour", "shape", "code", "name", "tags"),
        update=made.update,
        delete=made.delete,
        read=made.read,
        secret_outputs=lambda _request, identity: {"key": f"key of {identity}"},
    )
    monkeypatch.setitem(HANDLERS, TYPE, handler)
    monkeypatch.setattr(replacements, "_REPLACED_BY", {TYPE: "word shape.size"})
    monkeypatch.setattr(Emulator, "account", lambda _self, _region: "123456789012")
    return made


@pytest.fixture
def connect(thing, tmp_path):  # noqa: ARG001 - the handler has to be there before a call
    """Connects to the providers as the engine does for one provider with its settings."""
    with running_providers("http://127.0.0.1:1", tmp_path) as variables, contextlib.ExitStack() as channels:
        address = variables["PULUMI_DEBUG_PROVIDERS"].partition(",")[0].replace("aws:", "127.0.0.1:")

        def connect(**settings):
            # Without a shared connection, because the engine opens one for each provider.
            channel = grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
            provider = provider_pb2_grpc.ResourceProviderStub(channels.enter_context(channel))
            provider.Configure(provider_pb2.ConfigureRequest(args=struct(**settings)))
            return provider

        yield connect


@pytest.fixture
def provider(connect):
    return connect(region="eu-west-1", defaultTags='{"tags": {"project": "p"}}')


def check(provider, olds=None, seed=b"1", **news):
    return provider.Check(
        provider_pb2.CheckRequest(urn=URN, news=struct(**news), olds=struct(**(olds or {})), randomSeed=seed)
    )


def diff(provider, olds, news, ignored=()):
    return provider.Diff(
        provider_pb2.DiffRequest(
            urn=URN, id="thing-id", old_inputs=struct(**olds), news=struct(**news), ignoreChanges=ignored
        )
    )


def test_check_adds_a_name_the_region_and_the_default_tags(provider):
    # when
    inputs = plain(check(provider, word="a", tags={"own": "o"}).inputs)
    # then
    assert inputs.pop("name").startswith("thing-")
    assert inputs == {
        "word": "a", "region": "eu-west-1", "tags": {"project": "p", "own": "o"}, "__defaults": ["name"],
    }  # fmt: skip


def test_made_up_name_stays_with_its_resource(provider):
    # given
    first = plain(check(provider, word="a").inputs)
    # when the resource is checked again, and when it is replaced
    again = plain(check(provider, olds=first, seed=b"2", word="b").inputs)
    replaced = plain(check(provider, seed=b"2", word="b").inputs)
    # then
    assert again["name"] == first["name"] != replaced["name"]


@pytest.mark.parametrize(
    ("urn", "inputs", "reason"),
    [
        (URN, {"size": 1}, "aws:test/thing:Thing 'thing' sets size, which the local engine does not support"),
        ("urn:pulumi:s::p::aws:test/other:Other::x", {}, "does not have a handler for aws:test/other:Other"),
    ],
    ids=["input", "type"],
)
def test_check_refuses_what_no_handler_does(provider, urn, inputs, reason):
    # when
    answer = provider.Check(provider_pb2.CheckRequest(urn=urn, news=struct(**inputs)))
    # then
    [failure] = answer.failures
    assert reason in failure.reason


@pytest.mark.parametrize(
    ("olds", "news", "replaces"),
    [
        ({"colour": "red"}, {"colour": "blue"}, []),
        ({"colour": "red"}, {"colour": UNKNOWN}, []),
        ({"word": "a"}, {"word": "b"}, ["word"]),
        ({"word": "a"}, {"word": UNKNOWN}, ["word"]),
        ({"word": "a"}, {}, ["word"]),
        ({"shape": {"size": 1, "edge": 1}}, {"shape": {"size": 1, "edge": 2}}, []),
        ({"shape": {"size": 1, "edge": 1}}, {"shape": {"size": 2, "edge": 1}}, ["shape"]),
        ({"code": ARCHIVE | {"hash": "1"}}, {"code": ARCHIVE | {"hash": "2"}}, []),
        ({"region": "eu-west-1"}, {"region": "eu-west-2"}, ["region"]),
    ],
)
def test_change_is_made_in_place_or_replaces(provider, olds, news, replaces):
    # when
    answer = diff(provider, olds, news)
    # then
    assert (answer.changes, list(answer.replaces)) == (DIFFERS, replaces)


@pytest.mark.parametrize(
    ("olds", "news", "ignored"),
    [
        ({"word": "a"}, {"word": as_secret("a")}, ()),
        ({"word": '{"b": 1, "a": [2]}'}, {"word": '{ "a": [2], "b": 1 }'}, ()),
        ({"code": ARCHIVE | {"hash": "1"}}, {"code": {**ARCHIVE, "path": "elsewhere", "hash": "1"}}, ()),
        ({"word": "a"}, {"word": "b"}, ["word"]),
        ({"shape": {"size": 1}}, {"shape": {"size": 2}}, ["shape.size"]),
    ],
    ids=["secret", "JSON text", "archive", "ignored", "ignored within"],
)
def test_what_means_the_same_is_not_a_change(provider, olds, news, ignored):
    assert diff(provider, olds, news, ignored).changes == SAME


@pytest.mark.parametrize(("made_up", "deletes_first"), [([], True), (["name"], False)])
def test_name_of_its_own_is_freed_before_a_replacement(provider, made_up, deletes_first):
    # given
    before = {"word": "a", "name": "thing", "__defaults": made_up}
    # when
    answer = diff(provider, before, before | {"word": "b"})
    # then
    assert answer.deleteBeforeReplace is deletes_first


def test_preview_creates_nothing(provider, thing):
    # when
    answer = provider.Create(provider_pb2.CreateRequest(urn=URN, properties=struct(word=UNKNOWN), preview=True))
    # then
    assert (answer.id, plain(answer.properties), thing.asked) == ("", {"word": UNKNOWN}, [])


def test_created_resource_has_its_inputs_outputs_and_secrets(provider, thing):
    # when
    answer = provider.Create(provider_pb2.CreateRequest(urn=URN, properties=struct(word=as_secret("a"))))
    # then
    key = as_secret("key of thing-id")
    assert answer.id == "thing-id"
    assert plain(answer.properties) == {"word": as_secret("a"), "arn": "arn:thing", "key": key}
    assert thing.asked == [("create", "thing", {"word": "a"})]


@pytest.mark.parametrize("error", [EngineError("Thing 'thing': no room"), KeyError("no room")])
def test_failure_is_one_message_that_names_the_resource(provider, thing, error):
    # given
    thing.error = error
    # when
    with pytest.raises(grpc.RpcError) as raised:
        provider.Create(provider_pb2.CreateRequest(urn=URN, properties=struct(word="a")))
    # then
    assert "Thing 'thing': " in raised.value.details()
    assert "no room" in raised.value.details()
    assert "\n" not in raised.value.details()


def test_secret_is_not_repeated_in_an_unexpected_error(provider, thing):
    # given
    thing.error = ValueError("cannot read hush")
    # when
    with pytest.raises(grpc.RpcError) as raised:
        provider.Create(provider_pb2.CreateRequest(urn=URN, properties=struct(word=as_secret("hush"))))
    # then
    assert "cannot read [secret]" in raised.value.details()


def test_update_says_what_changed_and_drops_what_was_taken_out(provider, thing):
    # when
    answer = provider.Update(
        provider_pb2.UpdateRequest(
            urn=URN,
            id="thing-id",
            olds=struct(colour="red", code="x", arn="arn:thing", version=1),
            old_inputs=struct(colour="red", code="x"),
            news=struct(colour="blue"),
        )
    )
    # then
    assert plain(answer.properties) == {"colour": "blue", "arn": "arn:thing", "version": 2}
    assert thing.asked == [("update", "thing-id", {"colour", "code"})]


def read(provider, **inputs):
    return provider.Read(
        provider_pb2.ReadRequest(urn=URN, id="thing-id", inputs=struct(**inputs), properties=struct(**inputs, arn="a"))
    )


def test_read_shows_what_was_changed_by_hand(provider, thing):
    # given
    thing.found = {"colour": "green", "word": '{"a":1}'}
    # when
    answer = read(provider, colour="red", word='{ "a": 1 }')
    # then
    assert plain(answer.inputs) == {"colour": "green", "word": '{ "a": 1 }'}
    assert plain(answer.properties) == {"colour": "green", "word": '{ "a": 1 }', "arn": "a"}


def test_stored_archive_is_read_without_its_files(provider):
    # given an archive in the form of a state
    stored = {name: value for name, value in ARCHIVE.items() if name != "path"} | {"hash": "1"}
    # when, then
    assert plain(read(provider, code=stored).inputs) == {"code": stored}


def test_read_of_a_resource_that_is_gone_finds_nothing(provider, thing):
    # given
    thing.error = EngineError("refused", "NoSuchThing")
    # when, then
    assert read(provider, colour="red").id == ""


def delete(provider):
    provider.Delete(provider_pb2.DeleteRequest(urn=URN, id="thing-id", properties=struct(arn="arn:thing")))


def test_resource_that_is_gone_already_counts_as_deleted(provider, thing):
    # given
    thing.error = EngineError("refused", "ThingNotFoundException")
    # when
    delete(provider)
    # then
    assert thing.asked == [("delete", "thing-id", "arn:thing")]


def test_refused_deletion_is_an_error(provider, thing):
    # given
    thing.error = EngineError("the thing is in use", "ThingInUse")
    # when, then
    with pytest.raises(grpc.RpcError, match="the thing is in use"):
        delete(provider)


def test_each_provider_keeps_its_own_region(connect):
    # given
    ireland, london = connect(region="eu-west-1"), connect(region="eu-west-2")
    # when
    regions = [plain(check(each, word="a").inputs)["region"] for each in (ireland, london)]
    # then
    assert regions == ["eu-west-1", "eu-west-2"]
