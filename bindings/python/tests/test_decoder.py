"""`EventStreamDecoder`: it decodes the same messages as botocore, typed events, and errors."""

import base64
import json
import os
import pathlib
import random
import struct
import zlib

import pytest

import invoke_model
from invoke_model import EventStreamDecoder, exceptions

eventstream = pytest.importorskip("botocore.eventstream")

STREAM = "InvokeModelWithResponseStream"


def text(value):
    return b"\x07" + struct.pack("!H", len(value.encode())) + value.encode()


def frame(headers, payload=b""):
    """Encodes a message. `headers` maps names to encoded values."""
    block = b"".join(bytes([len(name)]) + name.encode() + value for name, value in headers.items())
    prelude = struct.pack("!II", len(block) + len(payload) + 16, len(block))
    body = prelude + struct.pack("!I", zlib.crc32(prelude)) + block + payload
    return body + struct.pack("!I", zlib.crc32(body))


def event(name, payload):
    return frame({":message-type": text("event"), ":event-type": text(name)}, json.dumps(payload).encode())


def chunk(data):
    return event("chunk", {"bytes": base64.b64encode(data).decode()})


def exception(name, message):
    headers = {":message-type": text("exception"), ":exception-type": text(name)}
    return frame(headers, json.dumps({"message": message}).encode())


def pieces(data, choose):
    while data:
        size = choose.randrange(1, 40)
        yield data[:size]
        data = data[size:]


def random_headers(choose):
    values = [
        b"\x00",
        b"\x01",
        b"\x02" + choose.randbytes(1),
        b"\x03" + choose.randbytes(2),
        b"\x04" + choose.randbytes(4),
        b"\x05" + choose.randbytes(8),
        b"\x06\x00\x03" + choose.randbytes(3),
        text("é" * choose.randrange(5)),
        b"\x08" + choose.randbytes(8),
        b"\x09" + choose.randbytes(16),
    ]
    return {f"h{number}": choose.choice(values) for number in range(choose.randrange(5))}


@pytest.mark.parametrize("seed", range(50))
def test_messages_equal_those_of_botocore(seed):
    choose = random.Random(seed)
    data = b"".join(frame(random_headers(choose), choose.randbytes(choose.randrange(200))) for _ in range(8))
    decoder, buffer, found = EventStreamDecoder(), eventstream.EventStreamBuffer(), []
    for piece in pieces(data, choose):
        buffer.add_data(piece)
        found += decoder.feed(choose.choice([bytes, bytearray, memoryview])(piece))
    decoder.finish()
    assert found == [(message.headers, message.payload) for message in buffer]
    assert decoder.offset == len(data)


def recorded():
    """Returns the recorded streams, each with the name of its operation."""
    folder = pathlib.Path(os.environ.get("INVOKE_MODEL_RECORDED", os.devnull))
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            exchange = json.loads(line)
            if exchange["status"] == 200 and "body_base64" in exchange:
                yield pytest.param(path.stem, exchange["body_base64"], id=f"{path.stem}-{exchange['id']}")


@pytest.mark.parametrize(("operation", "body"), list(recorded()))
def test_recorded_streams(operation, body):
    from botocore.loaders import Loader
    from botocore.model import ServiceModel
    from botocore.parsers import EventStreamJSONParser

    model = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))
    output = model.operation_model(operation).get_event_stream_output()
    buffer, expected, data = eventstream.EventStreamBuffer(), [], base64.b64decode(body)
    buffer.add_data(data)
    for message in buffer:
        if parsed := EventStreamJSONParser().parse(message.to_response_dict(), output):
            expected.append(parsed)
    decoder, found = EventStreamDecoder(operation), []
    for piece in pieces(data, random.Random(0)):
        found += decoder.feed(piece)
    decoder.finish()
    assert len(found) == len(expected) > 0
    for ours, theirs in zip(found, expected):
        assert_contains(ours, theirs)


def assert_contains(ours, theirs):
    """Checks that an event has the members that botocore has. Other members have the zero value of their type."""
    if isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for our_item, their_item in zip(ours, theirs):
            assert_contains(our_item, their_item)
        return
    if not isinstance(theirs, dict):
        assert ours == theirs
        return
    for name, value in theirs.items():
        assert_contains(ours[name], value)
    assert not any(value for name, value in ours.items() if name not in theirs)


@pytest.mark.parametrize("name", [STREAM, "invoke_model_with_response_stream"])
def test_typed_events(name):
    decoder = EventStreamDecoder(name)
    data = chunk(b'{"a":1}') + event("newEvent", {}) + chunk(b"\xff")
    assert decoder.feed(data[:-1]) == [{"chunk": {"bytes": b'{"a":1}'}}]
    assert decoder.feed(data[-1:]) == [{"chunk": {"bytes": b"\xff"}}]
    assert decoder.feed(b"") == []
    decoder.finish()


@pytest.mark.parametrize("operation", [STREAM, None])
def test_exceptions_of_the_service(operation):
    decoder = EventStreamDecoder(operation)
    data = chunk(b"a") + exception("throttlingException", "slow down")
    assert len(decoder.feed(data + chunk(b"never"))) == 1
    for _ in range(2):
        with pytest.raises(exceptions.EventStreamError) as caught:
            decoder.finish()
    assert caught.value.response == {"Error": {"Code": "throttlingException", "Message": "slow down"}}
    name = operation or "unknown"
    assert str(caught.value) == f"An error occurred (throttlingException) when calling the {name} operation: slow down"
    assert caught.value.__notes__[0].startswith(f"byte {len(chunk(b'a'))} of the stream: ")
    with pytest.raises(exceptions.EventStreamError):
        EventStreamDecoder(operation).feed(exception("throttlingException", "slow down"))


def test_errors_outside_of_the_model():
    headers = {":message-type": text("error"), ":error-code": text("Oops"), ":error-message": text("broken")}
    with pytest.raises(exceptions.EventStreamError) as caught:
        EventStreamDecoder(STREAM).feed(frame(headers))
    assert caught.value.response["Error"] == {"Code": "Oops", "Message": "broken"}


def outcome(data):
    decoder = EventStreamDecoder(STREAM)
    found = decoder.feed(data)
    decoder.finish()
    return found


def test_every_changed_byte_is_found():
    data = chunk(b"one") + chunk(b"two")
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 0x40
        with pytest.raises(exceptions.ParserError):
            outcome(bytes(changed))


@pytest.mark.parametrize(
    ("position", "reason"), [(8, "prelude CRC mismatch: expected "), (-1, "message CRC mismatch: expected ")]
)
def test_errors_name_the_offset_and_the_reason(position, reason):
    first, second = chunk(b"one"), bytearray(chunk(b"two"))
    second[position] ^= 1
    decoder = EventStreamDecoder()
    assert len(decoder.feed(first + second)) == 1
    for call in (decoder.finish, lambda: decoder.feed(b"")):
        with pytest.raises(eventstream.ParserError, match=f"^byte {len(first)} of the stream: frame 1: {reason}"):
            call()


def test_truncated_streams():
    data = chunk(b"one") + chunk(b"two")
    ends = (0, len(data) // 2, len(data))
    for length in range(len(data) + 1):
        decoder = EventStreamDecoder(STREAM)
        decoder.feed(data[:length])
        if length in ends:
            decoder.finish()
            continue
        with pytest.raises(exceptions.ParserError, match=f"byte {length} of the stream: "):
            decoder.finish()


def test_other_bodies():
    for body, reason in [(b'{"message":"no"}', "text"), (b"\x1f\x8b\x08" + bytes(20), "gzip")]:
        with pytest.raises(exceptions.ParserError, match=reason):
            EventStreamDecoder().feed(body)


def test_payloads_that_do_not_match_the_model():
    for payload in ({"bytes": 5}, {"bytes": "%"}, []):
        with pytest.raises(exceptions.ParserError, match="^byte 0 of the stream: "):
            EventStreamDecoder(STREAM).feed(event("chunk", payload))


def test_invalid_arguments():
    with pytest.raises(ValueError, match="`Converse` has no event stream; known operations: ConverseStream, "):
        EventStreamDecoder("Converse")
    with pytest.raises(ValueError, match="`nonsense` has no event stream"):
        EventStreamDecoder("nonsense")
    with pytest.raises(TypeError, match="data: expected bytes, not str"):
        EventStreamDecoder().feed("text")
    decoder = invoke_model.EventStreamDecoder()
    decoder.finish()
    with pytest.raises(ValueError, match="create a decoder for each response"):
        decoder.feed(b"")
