"""Answers that are made of recorded ones, and what each client says of them.

What is said is a regular expression: of boto3 and the SDK for JavaScript for class, code and message of what they
raise, of our command for its exit code and its words. A client that says nothing takes what it has read for all there
is.
"""

from typing import NamedTuple

from recording import chunked, frame, frames, measured, part, pieces, spoiled, unmeasured

JSON = {":content-type": "application/json"}


class Reply(NamedTuple):
    # What is written to the socket, each at once.
    writes: list
    # The parts of the answer that come before whatever is wrong.
    parts: list
    boto3: str | None = None
    javascript: str | None = None
    ours: str | None = None


def whole(fields, body):
    """An answer as it was recorded, split in every way."""
    events = frames(body)
    [head, *odd] = chunked(fields, pieces(body, 7))
    splits = {
        "an event a chunk": chunked(fields, events),
        "one chunk": chunked(fields, [body]),
        "a byte a chunk": chunked(fields, pieces(body, 1)),
        "chunks of 7 bytes in writes of 5": [head, *pieces(b"".join(odd), 5)],
        "one write": [b"".join(chunked(fields, events))],
        "a length": measured(fields, len(body), [body]),
        "a length, a byte a write": measured(fields, len(body), pieces(body, 1)),
    }
    return {split: Reply(writes, list(map(part, events))) for split, writes in splits.items()}


def exception(name, message):
    return frame({":message-type": "exception", ":exception-type": name, **JSON}, b'{"message":"%b"}' % message)


def raised(union):
    """Each modelled exception of a stream."""
    for name, shape in union.members.items():
        if shape.metadata.get("exception"):
            code = 5 if shape.metadata["error"]["httpStatusCode"] >= 500 else 4
            said = f"EventStreamError {name}: slow", f"{shape.name} {shape.name}: slow", f"{code}: .*{shape.name}: slow"
            yield name, [exception(name, b"slow")], *said


def broken(fields, body, union):
    """Answers that are ended as they should be, but have something wrong after two events, in any chunks."""
    [first, second, event, *rest] = frames(body)
    later = exception("laterException", b"why")
    error = frame({":message-type": "error", ":error-code": "Oops", ":error-message": "why"}, b"")
    mismatch, no_event = "ChecksumMismatch", "6: .*cannot decode the response stream: frame 2: the (prelude|message) has CRC"
    # boto3 passes over the beginning of a frame that has no end.
    left_over = "6: .*the last frame is incomplete"
    cases = [
        *raised(union),
        ("an unknown exception", [later], "EventStreamError", "Error: .*why", "5: .*laterException: why"),
        ("an error", [error], "EventStreamError Oops: why", "Error: why", "5: .*Oops: why"),
        ("an error, then more", [error, event, *rest], "EventStreamError Oops: why", "Error: why", "5: .*Oops: why"),
        ("a wrong bit in a prelude", [spoiled(event, 8), *rest], mismatch, "prelude checksum", no_event),
        ("a wrong bit in a header", [spoiled(event, 14), *rest], mismatch, "message checksum", no_event),
        ("a wrong bit in a payload", [spoiled(event, -20), *rest], mismatch, "message checksum", no_event),
        ("a wrong bit in a CRC", [spoiled(event, -1), *rest], mismatch, "message checksum", no_event),
        ("an end in a prelude", [event[:5]], None, "Truncated", left_over),
        ("an end in a header", [event[:30]], None, "Truncated", left_over),
        ("an end in a payload", [event[:-20]], None, "Truncated", left_over),
        ("an end in a CRC", [event[:-1]], None, "Truncated", left_over),
    ]
    for name, then, *said in cases:
        messages = [first, second, *then]
        for how, split in (("as sent", messages), ("a byte a chunk", pieces(b"".join(messages), 1))):
            yield f"{name}, {how}", Reply(chunked(fields, split), [part(first), part(second)], *said)


def ended(fields, body):
    """Answers that are cut, or whose end cannot be told from a cut; and some that are ended, but not as usual."""
    events = frames(body)
    [first, second, event, *rest] = events
    begun = [first, second]
    unknown = frame({":message-type": "event", ":event-type": "later", **JSON}, b'{"a":1}')
    cut = "6: .*response stream truncated after 2 events"
    no_end = "6: .*the response has neither chunks nor a length"
    unusual = "0: note: the stream is complete, but"
    # boto3 takes a body that is shorter than its length for a whole one.
    cases = [
        ("a cut between events", begun, chunked(fields, begun, False), "ProtocolError", "aborted", cut),
        ("a cut in an event", begun, chunked(fields, [*begun, event[:50]], False), "ProtocolError", "aborted", cut),
        ("a cut in a chunk", begun, [*chunked(fields, begun, False), b"ff\r\nabc"], "ProtocolError", "aborted", cut),
        ("less than its length", begun, measured(fields, len(body), begun), None, "aborted", cut),
        ("no length", events, unmeasured(fields, [body]), None, None, no_end),
        ("no length and a cut", begun, unmeasured(fields, begun), None, None, no_end),
        ("no length and a cut in an event", begun, unmeasured(fields, [*begun, event[:50]]), None, "Truncated", cut),
        ("no events", [], chunked(fields, []), None, None, unusual),
        ("no metrics", events[:-1], chunked(fields, events[:-1]), None, None, unusual),
        ("an unknown event", events, chunked(fields, [*begun, unknown, event, *rest]), None, None, "0: note: 1 event"),
    ]
    for name, read, writes, *said in cases:
        yield name, Reply(writes, list(map(part, read)), *said)
