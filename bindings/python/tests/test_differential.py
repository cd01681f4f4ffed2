"""Sends generated arguments with boto3, with both clients of this package, and with an accelerated client of boto3, and
compares the requests.

The strategies come from the model of botocore. Each example calls an operation with valid arguments, or with arguments
in which one value is missing, unknown or wrong. The four clients send equal requests, or raise equal exceptions.

Two requests are equal if their bytes are equal: method, path, query, headers and body. The only exceptions are the
differences that `comparable` removes. The order of the headers and the case of their names, which have no meaning in HTTP,
are not compared.

The examples are the same in each run. To search with other examples, set `INVOKE_MODEL_EXAMPLES` to their number.
"""

import asyncio
import datetime
import json
import math
import os
import re
import socketserver
import threading
from typing import NamedTuple

import pytest

boto3 = pytest.importorskip("boto3")
hypothesis = pytest.importorskip("hypothesis")
from botocore.config import Config  # noqa: E402
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import invoke_model.boto3  # noqa: E402
from invoke_model._client import OPERATIONS, python_name  # noqa: E402
from invoke_model.boto3 import _client as acceleration  # noqa: E402

EXAMPLES = int(os.environ.get("INVOKE_MODEL_EXAMPLES", "0"))
# The server sends this response to each request, so no client reads an output. No client retries this status.
RESPONSE = b"HTTP/1.1 418 I'm a teapot\r\ncontent-length: 0\r\n\r\n"

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


class Request(NamedTuple):
    """A request as it was sent."""

    method: str
    target: str
    headers: dict
    body: bytes


class Connection(socketserver.StreamRequestHandler):
    """Stores the requests of a connection. A library could normalize them."""

    disable_nagle_algorithm = True

    def handle(self):
        while line := self.rfile.readline():
            method, target, _version = line.decode("ascii").split(" ")
            headers = {}
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                name, _, value = line.decode("latin-1").removesuffix("\r\n").partition(": ")
                assert name.lower() not in headers
                headers[name.lower()] = value
            body = self.rfile.read(int(headers.get("content-length", "0")))
            self.server.requests.append(Request(method, target, headers, body))
            self.wfile.write(RESPONSE)


class Clients:
    """A server, and a client of each kind."""

    def __init__(self):
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection)
        self.server.daemon_threads = True
        self.server.requests = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        endpoint = {"endpoint_url": "http://127.0.0.1:%d" % self.server.server_address[1], "region_name": "us-east-1"}
        settings = {**endpoint, "aws_access_key_id": "AKID", "aws_secret_access_key": "secret"}
        config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
        self.boto3, accelerated = (boto3.client("bedrock-runtime", config=config, **settings) for _ in range(2))
        self.accelerated = invoke_model.boto3.accelerate(accelerated)
        self.sync = invoke_model.Client(max_attempts=1, **settings)
        self.asyncio = invoke_model.AsyncClient(max_attempts=1, **settings)
        self.runner = asyncio.Runner()

    def outcome(self, client, operation, given):
        """Returns the request that a call sends, and the exception if it sends none."""
        self.server.requests.clear()
        try:
            response = getattr(client, python_name(operation))(**given)
            if client is self.asyncio:
                self.runner.run(wait(response))
        except Exception as error:
            if not self.server.requests:
                return None, error
            (request,) = self.server.requests
            return request, None
        raise AssertionError("the server returns an error for each request")

    def close(self):
        self.runner.close()
        self.server.shutdown()
        self.server.server_close()


async def wait(response):
    return await response


@pytest.fixture(scope="module")
def clients():
    clients = Clients()
    yield clients
    clients.close()


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


def same_notation(text):
    """Writes each number of a JSON text in one notation. The clients write `1e22`, `1e+22` and `1.0` in different ways."""

    def replace(found):
        token = found[0]
        if token[0] == '"':
            return token
        number = float(token)
        if number.is_integer() and abs(number) < 2**53:
            return "-0" if math.copysign(1, number) < 0 and number == 0 else str(int(number))
        return token if token.lstrip("-").isdigit() else repr(number)

    return re.sub(r'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?', replace, text)


def ordered(value, shape):
    """Returns a JSON value whose members have the order of the model, and whose maps are sorted."""
    if is_document(shape) or shape.type_name not in ("structure", "list", "map"):
        return value
    if shape.type_name == "list":
        return [ordered(item, shape.member) for item in value]
    if shape.type_name == "map":
        return {name: ordered(value[name], shape.value) for name in sorted(value)}
    names = {name: member.serialization.get("name", name) for name, member in shape.members.items()}
    return {names[name]: ordered(value[names[name]], shape.members[name]) for name in names if names[name] in value}


# The parts of headers that differ in each request: the time, a random id, and the signature, which depends on the time. The
# length of a body is checked.
VARIABLE = {
    "amz-sdk-invocation-id": r"[0-9a-f-]{36}$",
    "authorization": r"(?<=/)\d{8}(?=/)|(?<=Signature=)[0-9a-f]{64}$",
    "content-length": r"\d+$",
    "x-amz-date": r"\d{8}T\d{6}Z$",
}
# The headers in which the clients of this package differ from boto3. An accelerated client has the headers of boto3.
OF_CLIENT = ("amz-sdk-invocation-id", "amz-sdk-request", "user-agent")


def headers_of(request, given, payload, is_boto3):
    headers = {name: re.sub(VARIABLE.get(name, r"$^"), "", value) for name, value in request.headers.items()}
    assert int(request.headers.get("content-length", 0)) == len(request.body)
    if payload in given and "contentType" not in given:
        # boto3 has no default.
        assert headers.pop("content-type", None) == (None if is_boto3 else "application/json")
        headers["authorization"] = headers["authorization"].replace("content-type;", "")
    return headers


def query_of(query, shape, is_boto3):
    if not is_boto3:
        return query
    members = [member for member in shape.members.values() if member.serialization.get("location") == "querystring"]
    names = {member.serialization["name"]: member.type_name for member in members}
    pairs = sorted((pair.split("=") for pair in query.split("&") if pair), key=lambda pair: list(names).index(pair[0]))
    times = {name for name, kind in names.items() if kind == "timestamp"}
    # boto3 writes six digits after the seconds.
    pairs = [(name, re.sub(r"(\.\d*?)0+Z$", r"\1Z", value) if name in times else value) for name, value in pairs]
    return "&".join(f"{name}={value}" for name, value in pairs)


def body_of(body, shape, given, is_boto3):
    text = body.decode()
    if is_boto3:
        # boto3 writes spaces, escapes all characters beyond ASCII, and keeps the order of the arguments.
        text = json.dumps(ordered(json.loads(text), shape), ensure_ascii=False, separators=(",", ":"))
    for name, member in shape.members.items():
        if member.metadata.get("idempotencyToken") and name not in given:
            text, count = re.subn(rf'"{name}":"[0-9a-f-]{{36}}"', "", text)
            assert count == 1
    return same_notation(text)


def comparable(request, operation_model, given, is_boto3):
    """Returns the parts of a request without the differences that `docs/python.md` lists."""
    shape = operation_model.input_shape
    payload = shape.serialization.get("payload")
    path, question_mark, query = request.target.partition("?")
    is_json = payload is None and request.body
    return {
        "method": request.method,
        "path": path + question_mark,
        "query": query_of(query, shape, is_boto3),
        "headers": headers_of(request, given, payload, is_boto3),
        "body": body_of(request.body, shape, given, is_boto3) if is_json else request.body,
    }


def check(clients, native_requests, operation, given):
    model = clients.boto3.meta.service_model.operation_model(operation)
    their_request, their_error = clients.outcome(clients.boto3, operation, given)
    for client in (clients.accelerated, clients.sync, clients.asyncio):
        is_ours = client is not clients.accelerated
        native = len(native_requests)
        request, error = clients.outcome(client, operation, given)
        # On the hooked path, botocore serializes the arguments of an accelerated client.
        is_of_botocore = not is_ours and len(native_requests) == native
        if is_ours and their_error is not None and is_only_minimum(their_error):
            continue
        if their_error is None:
            assert error is None, f"{error!r}, and boto3 has sent {their_request}"
            expected = comparable(their_request, model, given, True)
            found = comparable(request, model, given, is_of_botocore)
            if is_ours:
                expected["headers"] = {name: value for name, value in expected["headers"].items() if name not in OF_CLIENT}
                assert found["headers"].pop("user-agent").startswith("invoke-model/")
            assert found == expected
        else:
            assert error is not None, f"{request}, and boto3 has raised {their_error!r}"
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
        check(clients, native_requests, operation, given)

    run()
    assert len(native_requests) > 10
