"""Sends generated arguments with boto3, with this client, and with an accelerated client of boto3, and compares the requests.

The strategies come from the model of botocore. Each example calls an operation with valid arguments, or with arguments
in which one value is missing, unknown or wrong. The three clients send equal requests, or raise equal exceptions.

The examples are the same in each run. To search with other examples, set `INVOKE_MODEL_EXAMPLES` to their number.
"""

import datetime
import json
import math
import os
from urllib.parse import parse_qsl

import pytest

boto3 = pytest.importorskip("boto3")
hypothesis = pytest.importorskip("hypothesis")
from botocore.config import Config  # noqa: E402
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import invoke_model.boto3  # noqa: E402
from invoke_model._client import OPERATIONS, python_name  # noqa: E402
from invoke_model.boto3 import _client as acceleration  # noqa: E402
from invoke_model.testing import LocalEndpoint  # noqa: E402

EXAMPLES = int(os.environ.get("INVOKE_MODEL_EXAMPLES", "0"))
# The endpoint sends this status for each request, so no client reads a response. No client retries this status.
RESPONSE = {"status": 418, "body": ""}

# Values that the clients treat in different ways for a documented reason. No strategy returns them:
#
# * Integers of more than 32 bits, long integers of more than 64 bits, and integers of a document of more than 64 bits.
#   The model states the width of numbers.
# * Floats with more than six digits. A float of the model has 32 bits, and this client sends the shortest decimal number
#   for these bits.
# * NaN and infinities in documents. JSON has no such numbers, and boto3 sends them.
# * Header values with characters beyond printable ASCII, or with spaces at an end. HTTP does not preserve them.
# * Labels that are empty, `.` or `..`. The path of the request would be that of another resource.
# * Times after 9999-12-30T22:00:00Z, the last time of the type `Timestamp`, and before the year 1000. boto3 sends a year
#   with fewer than four digits, which is not valid in RFC 3339.
# * `True` and `False` in place of a number: see `WRONG`. The service rejects them.
INTEGERS = {"integer": st.integers(-(2**31), 2**31 - 1), "long": st.integers(-(2**63), 2**63 - 1)}
SHORT_FLOATS = st.tuples(st.integers(-999_999, 999_999), st.integers(-12, 12)).map(lambda parts: float("{}e{}".format(*parts)))
NO_NUMBERS = st.sampled_from([math.nan, math.inf, -math.inf])
FLOATS = {"float": SHORT_FLOATS | NO_NUMBERS, "double": st.floats()}
TEXT = st.text(max_size=20)
HEADER = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20).map(str.strip)
LABEL = TEXT.filter(lambda text: text not in ("", ".", ".."))
TIMES = st.datetimes(
    min_value=datetime.datetime(1000, 1, 2),
    max_value=datetime.datetime(9999, 12, 29),
    timezones=st.none() | st.timezones(),
)
DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
BLOBS = st.binary(max_size=20) | st.binary(max_size=20).map(bytearray) | TEXT
WRONG = [None, 5, 1.5, "text", b"bytes", [], {}, [None], {"unknown": None}, ("text",)]

#: The problems that botocore finds, and that this client leaves to the service.
MINIMUM = ("Invalid length for parameter ", "Invalid value for parameter ")


def is_document(shape):
    return getattr(shape, "is_document_type", False)


def has_stream(shape):
    return getattr(shape, "is_eventstream", False) or shape.serialization.get("eventstream", False)


def at_least_minimum(strategy, shape):
    minimum = shape.metadata.get("min", 0)
    return strategy.filter(lambda value: len(value) >= minimum) if minimum else strategy


def text_of(shape):
    location = shape.serialization.get("location")
    texts = {"uri": LABEL, "header": HEADER}.get(location, TEXT)
    minimum = shape.metadata.get("min", 0)
    texts = texts.map(lambda text: text if len(text) >= minimum else text + "x" * (minimum - len(text)))
    return st.sampled_from(shape.enum) | texts if shape.enum else texts


def values(shape, depth=0):
    """Returns the strategy of the valid values of a shape."""
    if is_document(shape):
        # A document of an argument that is `None` is an unset argument.
        return DOCUMENTS.filter(lambda value: value is not None)
    kind = shape.type_name
    if kind == "structure":
        members = {name: member for name, member in shape.members.items() if not has_stream(member)}
        if getattr(shape, "is_tagged_union", False):
            return st.one_of(st.fixed_dictionaries({name: values(member, depth + 1)}) for name, member in members.items())
        members = {name: values(member, depth + 1) for name, member in members.items()}
        required = {name: members[name] for name in shape.required_members if name in members}
        optional = {name: value for name, value in members.items() if name not in required}
        return st.fixed_dictionaries(required, optional=optional)
    if kind == "list":
        minimum = shape.metadata.get("min", 0)
        return st.lists(values(shape.member, depth + 1), min_size=minimum, max_size=max(minimum, 1 if depth > 4 else 2))
    if kind == "map":
        return st.dictionaries(text_of(shape.key), values(shape.value, depth + 1), max_size=2)
    if kind in INTEGERS or kind in FLOATS:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        in_range = lambda value: (low is None or not value < low) and (high is None or not value > high)
        return {**INTEGERS, **FLOATS}[kind].filter(in_range)
    return {"string": text_of, "boolean": lambda _: st.booleans(), "blob": lambda _: BLOBS, "timestamp": lambda _: TIMES}[kind](shape)


def places(value):
    """Returns the containers of all values, each with the key of a value. Also returns the containers themselves."""
    found = [(value, None)]
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        found.append((value, key))
        if isinstance(inner, (dict, list)):
            found.extend(places(inner))
    return found


@st.composite
def arguments(draw, shape):
    """Returns arguments. In a part of the examples, one value is missing, unknown or wrong."""
    value = draw(values(shape))
    if not draw(st.booleans()):
        return value
    container, key = draw(st.sampled_from(places(value)))
    if key is None and isinstance(container, dict):
        container[draw(st.sampled_from(["unknown", "", "modelid"]))] = 1
    elif key is not None and draw(st.booleans()):
        del container[key]
    elif key is not None:
        container[key] = draw(st.sampled_from(WRONG))
    return value


class Clients:
    """An endpoint, and a client of each kind."""

    def __init__(self):
        self.endpoint = LocalEndpoint()
        self.endpoint.inject(RESPONSE)
        config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
        self.boto3, accelerated = (boto3.client("bedrock-runtime", config=config, **self.endpoint.settings) for _ in range(2))
        self.accelerated = invoke_model.boto3.accelerate(accelerated)
        self.ours = self.endpoint.client(max_attempts=1)

    def outcome(self, client, operation, given):
        """Returns the request that a call sends, and the exception if it sends none."""
        self.endpoint.clear()
        try:
            getattr(client, python_name(operation))(**given)
        except Exception as error:
            calls = self.endpoint.calls
            if not calls:
                return None, error
            (call,) = calls
            return call, None
        raise AssertionError("the endpoint returns an error for each request")


@pytest.fixture(scope="module")
def clients():
    clients = Clients()
    yield clients
    clients.endpoint.stop()


@pytest.fixture(scope="module")
def native_requests():
    """The number of calls that the accelerated client has made without botocore."""
    made = []
    send = acceleration.Acceleration.send

    def count(*arguments):
        result = send(*arguments)
        made.append(result)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(acceleration.Acceleration, "send", count)
        yield made


def text_of_error(error, without_minimum):
    """Returns the class and the text of an exception."""
    lines = str(error).splitlines()
    if without_minimum:
        lines = [line for line in lines if not line.startswith(MINIMUM)]
    return type(error).__name__, lines


def is_only_minimum(error):
    return type(error).__name__ == "ParamValidationError" and len(text_of_error(error, True)[1]) == 1


def parsed(text):
    """Returns a JSON value in which `1`, `1.0` and `true` differ, except for numbers of the same value."""

    def mark(value):
        if isinstance(value, dict):
            return {name: mark(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [mark(inner) for inner in value]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return (type(value).__name__, value)
        is_exact = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
        number = int(value) if is_exact else value
        return ("number", math.copysign(1, value) if value == 0 else 1, number)

    return mark(json.loads(text, parse_int=lambda digits: -0.0 if digits == "-0" else int(digits)))


def requests(call, operation_model, given):
    """Returns the parts of a request that the model determines."""
    shape = operation_model.input_shape
    path, _, query = call["target"].partition("?")
    times = {
        member.serialization.get("name", name)
        for name, member in shape.members.items()
        if member.serialization.get("location") == "querystring" and member.type_name == "timestamp"
    }
    # The order of the parameters is that of the arguments in boto3, and that of the model in this client. A time has any
    # number of digits after the seconds.
    query = [
        (name, datetime.datetime.fromisoformat(value) if name in times else value)
        for name, value in parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    ]
    query.sort(key=lambda parameter: parameter[0])
    locations = [
        member.serialization["name"] for member in shape.members.values() if member.serialization.get("location") == "header"
    ]
    headers = {name.lower(): call["headers"].get(name.lower()) for name in [*locations, "content-type", "accept"]}
    body = call["body"]
    payload = shape.serialization.get("payload")
    if payload in given and "contentType" not in given:
        # This client sends the only media type that the service accepts. boto3 sends none.
        headers["content-type"] = None
    if payload is None and body:
        body = parsed(body)
        for name, member in shape.members.items():
            if member.metadata.get("idempotencyToken") and name not in given:
                assert len(body.pop(member.serialization.get("name", name))[1]) == 36
    return {"method": call["method"], "path": path, "query": query, "headers": headers, "body": body}


def check(clients, operation, given):
    model = clients.boto3.meta.service_model.operation_model(operation)
    their_call, their_error = clients.outcome(clients.boto3, operation, given)
    for client in (clients.accelerated, clients.ours):
        is_ours = client is clients.ours
        call, error = clients.outcome(client, operation, given)
        if is_ours and their_error is not None and is_only_minimum(their_error):
            continue
        if their_error is None:
            assert error is None, f"{error!r}, and boto3 has sent {their_call}"
            assert requests(call, model, given) == requests(their_call, model, given)
        else:
            assert error is not None, f"{call}, and boto3 has raised {their_error!r}"
            assert text_of_error(error, is_ours) == text_of_error(their_error, is_ours)


MODEL = boto3.client("bedrock-runtime", region_name="us-east-1").meta.service_model


@pytest.mark.parametrize("operation", sorted(OPERATIONS.values()))
def test_requests_are_equal(clients, native_requests, operation):
    del native_requests[:]

    @settings(
        max_examples=EXAMPLES or 100,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(arguments(MODEL.operation_model(operation).input_shape))
    def run(given):
        check(clients, operation, given)

    run()
    assert len(native_requests) > 10
