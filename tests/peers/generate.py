"""Generates values from the shapes of botocore.

`cases` returns the same cases in each run. It visits each member that a shape contains, at any depth. A case sets one
such member, and otherwise only required members. The last part of the case's name describes the value of this member:

* structure: all members, or only the required members
* union: each member
* list and map: empty, or two elements
* string: each value of an enum, a value that the enum lacks, and texts that are difficult to encode
* number, boolean, blob, timestamp and document: typical values, extreme values and values that are difficult to encode
"""

import base64
import datetime
import functools
import math
from typing import Any, NamedTuple

from dateutil.tz import UTC, tzoffset

TEXTS = {
    "text": "a text",
    "empty text": "",
    "spaces": "  a  b ",
    "quotes": "\"a\" 'b' `c` \\ \\n \\u0041 /",
    "control characters": "".join(map(chr, range(0x20))) + "\x7f\x80\x9f",
    "text beyond ASCII": "Grüße, 世界 e\u0301 \u2028\u2029\ufeff\ufffd",
    "text beyond the basic plane": "🌍👩‍👩‍👧 \U0010ffff",
    "markup": "<a href='b'>&amp;</a> ]]> %41 + ? # ; = {}",
    "long text": "0123456789 äöü" * 500,
}
# Texts for labels and query parameters, which are part of the request target.
TARGETS = {
    "model ARN": "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
    "invocation ARN": "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:async-invoke/abc123def456",
    "reserved characters": "a/b?c#d[e]@f!g$h&i'j(k)l*m+n,o;p=q:r",
    "unreserved characters": "AZaz09-._~",
    "percent signs": "%2F%%41 %",
    "other characters": "\"<>\\^`{|} \t",
    "text beyond ASCII": TEXTS["text beyond ASCII"],
    "text beyond the basic plane": TEXTS["text beyond the basic plane"],
}
# Texts for headers. `inputs.json` contains texts that are not valid header values.
HEADERS = {"text": "a text", "quotes": "\"a\" 'b' `c` \\", "markup": TEXTS["markup"]}

DOCUMENTS = {
    "empty object": {},
    "flat object": {"a": 1, "b": "two", "c": True, "d": False},
    "null in object": {"a": None, "b": [None]},
    "nested objects": {"a": {"b": {"c": {"d": [[[{"e": [{}, []]}]]]}}}},
    "object of 100 levels": functools.reduce(lambda inner, _: {"a": inner}, range(99), {}),
    "names of texts": {"": 0, **{text: name for name, text in TEXTS.items() if name != "long text"}},
    "texts": {"texts": list(TEXTS.values())},
    "unsorted names": {"z": 1, "a": 2, "M": 3, "10": 4, "9": 5},
    "integers": {"integers": [0, 1, -1, 2**31, -(2**31) - 1, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 2**64 - 1]},
    "integer of 65 bits": {"big": 2**64},
    "integer of 200 bits": {"big": 2**200 + 1},
    "floats": {"floats": [0.5, -2.25, 0.1, 1e-7, 1.5e300, 5e-324, 123456789.125, 2.2250738585072014e-308, 1e22, 1e23]},
    "integral floats": {"floats": [1.0, -0.0, 100.0, 1e15, 1e16]},
    "object with NaN": {"nan": math.nan},
    "object with infinities": {"infinite": [math.inf, -math.inf]},
    "JSON schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "enum": ["Zürich", "Bern"], "description": 'The "city"'}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
# Documents that are not objects. botocore accepts them as the value of a document member.
SCALAR_DOCUMENTS = {"string": "a", "number": 3, "true": True, "array": [1, {"a": "b"}], "empty array": []}

INTEGERS = {"zero": 0, "one": 1, "minus one": -1, "maximum": 2**31 - 1, "minimum": -(2**31)}
LONGS = {**INTEGERS, "above 53 bits": 2**53 + 1, "maximum": 2**63 - 1, "minimum": -(2**63)}
FLOATS = {
    "zero": 0.0,
    "one": 1.0,
    "tenth": 0.1,
    "seven tenths": 0.7,
    "half": 0.5,
    "negative": -1.25,
    "negative zero": -0.0,
    "small": 1e-7,
    "large": 1e22,
    "integer": 1,
    "not a number": math.nan,
    "infinity": math.inf,
    "negative infinity": -math.inf,
}
DOUBLES = {
    **FLOATS,
    "many digits": 0.12345678901234567,
    "largest double": 1.7976931348623157e308,
    "smallest double": 5e-324,
}
BLOBS = {
    "bytes": b"bytes of a blob",
    "no bytes": b"",
    "one byte": b"\xff",
    "two bytes": b"\xfb\xff",
    "all bytes": bytes(range(256)),
    "text": TEXTS["text beyond ASCII"].encode(),
}
DAY = datetime.datetime(2026, 3, 29, 1, 59, 59)
TIMES = {
    "UTC": DAY.replace(tzinfo=UTC),
    "no time zone": DAY,
    "microseconds": DAY.replace(tzinfo=UTC, microsecond=123456),
    "milliseconds": DAY.replace(tzinfo=UTC, microsecond=120000),
    "ahead of UTC": DAY.replace(tzinfo=tzoffset(None, 20700)),
    "behind UTC": DAY.replace(tzinfo=tzoffset(None, -34200), microsecond=1),
    "epoch": datetime.datetime(1970, 1, 1, tzinfo=UTC),
    "before the epoch": datetime.datetime(1955, 11, 5, 6, 15, tzinfo=UTC),
    "leap day": datetime.datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
    "far future": datetime.datetime(9999, 12, 30, 23, 59, 59, tzinfo=UTC),
}
VALUES = {
    "boolean": {"true": True, "false": False},
    "integer": INTEGERS,
    "long": LONGS,
    "float": FLOATS,
    "double": DOUBLES,
    "blob": BLOBS,
    "timestamp": TIMES,
}
# Texts for the numbers that JSON cannot represent. https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
SPECIAL_NUMBERS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
UNKNOWN_VALUE = "A_VALUE_OF_2099"


class Case(NamedTuple):
    # The member that the case is about.
    path: tuple
    # Description of the value of this member.
    label: str
    value: Any

    @property
    def name(self):
        return ": ".join([".".join(self.path) or "all", self.label])


def cases(shape):
    """Returns the cases of a structure. No two cases have the same value."""
    seen = set()
    for case in [Case((), "every member", full(shape)), *visit(shape, (), ())]:
        text = repr(case.value)
        if text not in seen:
            seen.add(text)
            yield case


def is_document(shape):
    return getattr(shape, "is_document_type", False)


def is_union(shape):
    return getattr(shape, "is_tagged_union", False)


def visit(shape, path, outer):
    """Yields the cases of a shape. `outer` contains the names of the shapes that contain this shape."""
    if shape.name in outer:
        return
    inside = (*outer, shape.name)
    if is_document(shape):
        for label, value in {**DOCUMENTS, **SCALAR_DOCUMENTS}.items():
            yield Case(path, label, value)
    elif shape.type_name == "structure":
        base = {} if is_union(shape) else minimal(shape)
        if not is_union(shape):
            yield Case(path, "required members", base)
            yield Case(path, "all members", full(shape, outer))
        for name, member in shape.members.items():
            if not is_event_stream(member):
                for case in visit(member, (*path, name), inside):
                    yield case._replace(value={**base, name: case.value})
    elif shape.type_name == "list":
        yield Case(path, "empty list", [])
        yield Case(path, "two elements", [*full(shape, outer)[:1], minimal(shape.member)])
        yield Case(path, "an element of each kind", full(shape, outer))
        for case in visit(shape.member, path, inside):
            yield case._replace(value=[case.value])
    elif shape.type_name == "map":
        yield Case(path, "empty map", {})
        yield Case(path, "names of texts", {text: minimal(shape.value) for text in TEXTS.values()})
        for case in visit(shape.value, path, inside):
            yield case._replace(value={"a key": case.value})
    else:
        for label, value in scalars(shape).items():
            yield Case(path, label, value)


def scalars(shape):
    """Returns the values of a simple shape, by their descriptions."""
    if shape.type_name != "string":
        return VALUES[shape.type_name]
    if shape.enum:
        return {**{f"value {value}": value for value in shape.enum}, "unknown value": UNKNOWN_VALUE}
    location = shape.serialization.get("location")
    return HEADERS if location == "header" else TARGETS if location in ("uri", "querystring") else TEXTS


def is_event_stream(shape):
    return getattr(shape, "is_eventstream", False) or shape.serialization.get("eventstream", False)


def minimal(shape):
    """Returns a value with only the required members. Lists and maps in this value have one element."""
    if is_document(shape):
        return {"a": 1}
    if is_union(shape):
        [name, member] = next(iter(shape.members.items()))
        return {name: minimal(member)}
    if shape.type_name == "structure":
        required = {name: member for name, member in shape.members.items() if name in shape.required_members}
        return {name: minimal(member) for name, member in required.items() if not is_event_stream(member)}
    if shape.type_name == "list":
        return [minimal(shape.member)]
    if shape.type_name == "map":
        return {"a key": minimal(shape.value)}
    return next(iter(scalars(shape).values()))


def full(shape, outer=()):
    """Returns a value with all members. A list of a union has an element for each member of the union."""
    if is_document(shape):
        return DOCUMENTS["JSON schema"]
    if shape.name in outer:
        return minimal(shape)
    inside = (*outer, shape.name)
    if is_union(shape):
        return every_kind(shape, inside)[0]
    if shape.type_name == "structure":
        members = shape.members.items()
        return {name: full(member, inside) for name, member in members if not is_event_stream(member)}
    if shape.type_name == "list":
        element = shape.member
        return every_kind(element, (*inside, element.name)) if is_union(element) else [full(element, inside)]
    if shape.type_name == "map":
        return {"a key": full(shape.value, inside), "another key": full(shape.value, inside)}
    return next(iter(scalars(shape).values()))


def every_kind(union, outer):
    return [{name: full(member, outer)} for name, member in union.members.items()]


def uncovered(shape, values):
    """Returns the members that `shape` contains at any depth, but that no value contains."""
    covered = set()
    for value in values:
        collect(shape, value, covered)
    return sorted(contained(shape, set()) - covered)


def collect(shape, value, covered):
    """Adds the members of a value to `covered`, each as a pair of a shape name and a member name."""
    if is_document(shape):
        return
    if shape.type_name == "structure":
        for name, member in value.items():
            covered.add((shape.name, name))
            collect(shape.members[name], member, covered)
    elif shape.type_name in ("list", "map"):
        inner = shape.member if shape.type_name == "list" else shape.value
        for element in value if shape.type_name == "list" else value.values():
            collect(inner, element, covered)


def contained(shape, found):
    """Adds all members that a shape contains to `found`, and returns `found`."""
    if shape.type_name == "list":
        return contained(shape.member, found)
    if shape.type_name == "map":
        return contained(shape.value, found)
    if shape.type_name == "structure" and not is_document(shape):
        for name, member in shape.members.items():
            if not is_event_stream(member) and (shape.name, name) not in found:
                found.add((shape.name, name))
                contained(member, found)
    return found


def to_json(shape, value):
    """Converts a value of botocore to the JSON of our client: blobs as base64, timestamps in UTC."""
    return converted(shape, value, lambda time: utc(time).isoformat().replace("+00:00", "Z"))


def to_wire(shape, value):
    """Converts a value of botocore to the JSON of a response. Keeps the time zone of timestamps."""
    return converted(shape, value, lambda time: (time if time.tzinfo else utc(time)).isoformat().replace("+00:00", "Z"))


def converted(shape, value, text_of_time):
    def convert(shape, value):
        if value is None or is_document(shape):
            return value
        if shape.type_name == "structure":
            known = shape.members
            return {name: convert(known[name], member) if name in known else member for name, member in value.items()}
        if shape.type_name == "list":
            return [convert(shape.member, element) for element in value]
        if shape.type_name == "map":
            return {name: convert(shape.value, member) for name, member in value.items()}
        if shape.type_name == "blob":
            return base64.b64encode(value).decode("ascii")
        if isinstance(value, float) and not math.isfinite(value):
            return SPECIAL_NUMBERS[str(value)]
        return text_of_time(value) if shape.type_name == "timestamp" else value

    return convert(shape, value)


def utc(value):
    """Converts a time to UTC. botocore treats a time without a time zone as UTC."""
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
