"""Compares the outputs, events and errors that boto3 and our client parse from the same responses.

usage: responses.py PEER_MESSAGES

PEER_MESSAGES is the program of `tests/examples/peer_messages.rs`. `generate.py` makes the values of the responses from
the model. Each value must be the same for both clients. `response_differences.json` lists the exceptions: see
`listed.py`. These differences have rules instead of entries, because they occur in many responses:

* If a required member is missing, our client sets the zero value of its type, and boto3 sets nothing.
* If an error has no message, our client sets no message, and boto3 sets an empty message.
* If a union has an unknown member, our client keeps the name and the value of the member, and boto3 keeps only
  the name.
* Our client skips null elements of lists, and boto3 keeps them.
* Our client returns unknown events, and boto3 skips them.
* For an exception in a stream, our client returns the name of the shape as the code, and boto3 returns the name of the
  union member.
"""

import base64
import json
import sys

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from capture import Server
from common import Report, run_program
from compare import MISSING, leaves, parse
from generate import Case, cases, is_document, is_event_stream, is_union, minimal, to_json, to_wire, uncovered, utc
from listed import Listed
from recording import frame

# boto3 has no operations with a bidirectional stream.
BIDIRECTIONAL = "InvokeModelWithBidirectionalStream"
MINIMUM_RESPONSES = 7000
UNKNOWN = "SDK_UNKNOWN_MEMBER"
JSON = "application/json"
EVENT = {":message-type": "event", ":content-type": JSON}
EXCEPTION = {":message-type": "exception", ":content-type": JSON}
# A member that is not in the model. The service adds it to events as padding, to hide the length of the other members.
PADDING = {"p": "abcdefghijklm"}


def response(status, headers, body):
    return {"status": status, "headers": headers, "body": base64.b64encode(body).decode("ascii")}


def encode(value):
    return json.dumps(value).encode()


def writes(sent):
    body = base64.b64decode(sent["body"])
    headers = [*sent["headers"], ("content-length", len(body))]
    lines = [f"HTTP/1.1 {sent['status']} Status", *(f"{name}: {value}" for name, value in headers), "", ""]
    return ["\r\n".join(lines).encode() + body]


def outputs(shape):
    """Yields responses without events for the cases of an output."""
    payload = shape.serialization.get("payload")
    for case in cases(shape):
        headers, body = [], {}
        for name, value in case.value.items():
            member = shape.members[name]
            if member.serialization.get("location") == "header":
                headers.append((member.serialization["name"], value))
            else:
                body[name] = value
        if payload:
            yield case, response(200, headers, body.get(payload, b""))
        else:
            yield case, response(200, [("content-type", JSON)], encode(to_wire(shape, body)))


def unusual(shape):
    """Yields cases with members and values that the model does not define, as JSON values."""
    every = to_wire(shape, next(cases(shape)).value)
    yield Case((), "unknown members", with_unknown_members(every))
    yield Case((), "null members", nulls(every))
    yield Case((), "null elements", with_null_elements(every))
    yield Case((), "integers as floats", with_floats(every))
    yield Case((), "an empty object", {})
    for case in unions(shape, (), ()):
        yield case


def with_unknown_members(value):
    if isinstance(value, list):
        return [with_unknown_members(element) for element in value]
    if isinstance(value, dict) and len(value) > 1:  # an object with one member may be a union
        known = {name: with_unknown_members(member) for name, member in value.items()}
        return {"aa": {"b": [1, None]}, **known, "zz": "c"}
    return value


def nulls(value):
    return {name: None for name in value}


def with_null_elements(value):
    if isinstance(value, list):
        return [None, *map(with_null_elements, value)]
    if isinstance(value, dict):
        return {name: with_null_elements(member) for name, member in value.items()}
    return value


def with_floats(value):
    """Converts integers to floats, such as `1.0`."""
    if isinstance(value, list):
        return [with_floats(element) for element in value]
    if isinstance(value, dict):
        return {name: with_floats(member) for name, member in value.items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def unions(shape, path, outer):
    """Yields three cases for each union: an unknown member, null members, and a type as an additional member."""
    if shape.name in outer or is_document(shape):
        return
    inside = (*outer, shape.name)
    if is_union(shape):
        known = to_wire(shape, minimal(shape))
        yield Case(path, "unknown union member", {"laterMember": {"a": [1]}})
        yield Case(path, "union with null members", {"laterMember": None, **known})
        yield Case(path, "union with a type", {"__type": "a.b#C", **known})
    if shape.type_name == "structure":
        base = {} if is_union(shape) else to_wire(shape, minimal(shape))
        for name, member in shape.members.items():
            for case in unions(member, (*path, name), inside):
                yield case._replace(value={**base, name: case.value})
    elif shape.type_name == "list":
        for case in unions(shape.member, path, inside):
            yield case._replace(value=[case.value])
    elif shape.type_name == "map":
        for case in unions(shape.value, path, inside):
            yield case._replace(value={"a key": case.value})


def events(output):
    """Yields streams for the cases of each event and exception."""
    union = events_of(output)
    head = [(output.members[name].serialization["name"], value) for name, value in minimal(output).items()]

    def stream(*messages):
        return response(200, [("content-type", "application/vnd.amazon.eventstream"), *head], b"".join(messages))

    start = frame({":event-type": next(iter(union.members)), **EVENT}, b"{}")
    for name, shape in union.members.items():
        is_exception = shape.metadata.get("exception")
        values = [(case, to_wire(shape, case.value)) for case in cases(shape)]
        values += [(case, case.value) for case in unusual(shape)]
        for case, value in values:
            found = case._replace(path=(name, *case.path))
            if is_exception:
                message = frame({":exception-type": name, **EXCEPTION}, encode(value))
                yield found, stream(start, message, start)
            else:
                yield found, stream(start, frame({":event-type": name, **EVENT}, encode({**value, **PADDING})), start)
    yield Case((), "unknown event", {}), stream(start, frame({":event-type": "later", **EVENT}, b'{"a": 1}'), start)
    unknown = frame({":exception-type": "laterException", **EXCEPTION}, b'{"message": "why"}')
    yield Case((), "unknown exception", {}), stream(start, unknown)
    error = frame({":message-type": "error", ":error-code": "Oops", ":error-message": "why"}, b"")
    yield Case((), "error", {}), stream(start, error)
    yield Case((), "no events", {}), stream()


def events_of(output):
    """Returns the union of the events of an output."""
    return next((member for member in output.members.values() if is_event_stream(member)), None)


def errors(shapes):
    """Yields the error responses of an operation."""
    for shape in shapes:
        status = shape.metadata["error"]["httpStatusCode"]
        for case in cases(shape):
            found = case._replace(path=(shape.name, *case.path))
            yield found, response(status, [("x-amzn-errortype", shape.name)], encode(to_wire(shape, case.value)))
        members = to_wire(shape, next(cases(shape)).value)
        uri = f"{shape.name}:http://internal.amazon.com/coral/com.amazon.coral.service/"
        namespace = f"com.amazonaws.bedrockruntime#{shape.name}"
        for label, headers, added in [
            ("a header with a URI", [("x-amzn-errortype", uri)], {}),
            ("a header with a namespace", [("X-Amzn-ErrorType", namespace)], {}),
            ("a header and a type", [("x-amzn-errortype", shape.name)], {"__type": "Other"}),
            ("a type", [], {"__type": shape.name}),
            ("a type with a namespace", [], {"__type": namespace}),
            ("a code", [], {"code": shape.name}),
            ("no code", [], {}),
            ("another status", [("x-amzn-errortype", shape.name), ("x-amzn-requestid", "id")], {"later": [1]}),
        ]:
            sent = status + 1 if label == "another status" else status
            yield Case((shape.name,), label, members), response(sent, headers, encode({**members, **added}))
        capital = Case((shape.name,), "a capital", {"Message": members["message"]})
        yield capital, response(status, [("x-amzn-errortype", shape.name)], encode(capital.value))
    yield Case((), "an unknown error", {}), response(418, [("x-amzn-errortype", "Later")], b'{"message": "why"}')
    yield Case((), "an error without a body", {}), response(400, [("x-amzn-errortype", "ValidationException")], b"")


class Boto3:
    def __init__(self):
        self.server = Server(lambda _request: self.writes)
        self.client = boto3.client(
            "bedrock-runtime",
            endpoint_url=self.server.url,
            region_name="us-east-1",
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="secret",
            config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
        )
        self.service = self.client.meta.service_model

    def parse(self, model, sent):
        """Returns the values that boto3 parses, in the form of the output of `PEER_MESSAGES`. Keeps Python types."""
        self.writes = writes(sent)
        result = {"output": None, "events": [], "failure": None}
        try:
            output = getattr(self.client, xform_name(model.name))(**minimal(model.input_shape))
            del output["ResponseMetadata"]
            result["output"] = output
            for name, member in model.output_shape.members.items():
                if is_event_stream(member):
                    for event in output.pop(name):
                        result["events"] += event.items()
                elif name == model.output_shape.serialization.get("payload"):
                    output[name] = output[name].read()
        except ClientError as error:
            members = dict(error.response)
            members.pop("ResponseMetadata", None)
            found = members.pop("Error")
            result["failure"] = {"code": found.get("Code"), "message": found.get("Message"), "members": members}
        except Exception as error:  # any error that a library raises for a response
            return {"error": f"{type(error).__name__}: {error}"}
        return result


def normal(shape, theirs, ours):
    """Converts both values to the same form, and removes the differences that the rules of the file comment explain."""
    if is_document(shape) or theirs is None:
        return theirs, ours
    if ours is None:
        return to_json(shape, theirs), ours
    if is_union(shape) and set(theirs) == {UNKNOWN} and isinstance(ours, dict):
        return theirs[UNKNOWN], {"name": next(iter(ours), None)}
    if shape.type_name == "structure" and isinstance(ours, dict):
        both = {}
        for name in {**theirs, **ours}:
            member = shape.members.get(name)
            pair = theirs.get(name, MISSING), ours.get(name, MISSING)
            if member and pair[0] is MISSING and name in shape.required_members and is_zero(pair[1]):
                continue
            if member and pair[1] is MISSING:
                pair = to_json(member, pair[0]), MISSING
            both[name] = normal(member, *pair) if member and MISSING not in pair else pair
        return tuple({name: pair[side] for name, pair in both.items() if pair[side] is not MISSING} for side in (0, 1))
    if shape.type_name == "list":
        theirs = [element for element in theirs if element is not None]
    if shape.type_name == "list" and isinstance(ours, list) and len(ours) == len(theirs):
        pairs = [normal(shape.member, *pair) for pair in zip(theirs, ours, strict=True)]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if shape.type_name == "map" and isinstance(ours, dict) and set(ours) == set(theirs):
        pairs = {name: normal(shape.value, theirs[name], ours[name]) for name in theirs}
        return {name: pair[0] for name, pair in pairs.items()}, {name: pair[1] for name, pair in pairs.items()}
    if shape.type_name == "timestamp":
        digits = ours.removesuffix("Z").rstrip("0").removesuffix(".") if "." in ours else ours.removesuffix("Z")
        theirs = utc(theirs).isoformat().removesuffix("+00:00")
        return theirs.rstrip("0") if "." in theirs else theirs, digits
    return to_json(shape, theirs), ours


def is_zero(value):
    """Returns true for the zero value of a type. In a zero structure, each required member has its zero value."""
    if isinstance(value, dict):
        return all(map(is_zero, value.values()))
    return not value or value in ("1970-01-01T00:00:00Z",)


def differences(model, theirs, ours):
    """Yields each part that differs: its name, the value of boto3, and our value."""
    outcome = [("error" if "error" in side else "parsed") for side in (theirs, ours)]
    if "error" in outcome:
        if outcome[0] != outcome[1]:
            yield "outcome", *outcome
        return
    union = events_of(model.output_shape)
    shapes = {shape.name: shape for shape in model.error_shapes}
    names = {}
    if union:
        shapes.update({shape.name: shape for shape in union.members.values()})
        names = {name: shape.name for name, shape in union.members.items()}
    output = parse(ours["output"]) if ours["output"] is not None else None
    pairs = [("output", model.output_shape, theirs["output"], output)]
    known = [(name, text) for name, text in ours["events"] if name in union.members]
    if len(theirs["events"]) != len(known):
        yield "number of events", len(theirs["events"]), len(known)
    for (name, event), (our_name, text) in zip(theirs["events"], known, strict=False):
        if name != our_name:
            yield "name of an event", name, our_name
        pairs.append(("event", union.members.get(name), event, parse(text)))
    failures = [side["failure"] for side in (theirs, ours)]
    if None in failures:
        if failures != [None, None]:
            yield "failure", *failures
    else:
        code = failures[0]["code"]
        failures[0] = {**failures[0], "code": names.get(code, code)}
        if failures[1]["message"] is None and not failures[0]["message"]:
            failures[0]["message"] = None
        for part in ("code", "message"):
            if failures[0][part] != failures[1][part]:
                yield part, failures[0][part], failures[1][part]
        shape = shapes.get(failures[1]["code"])
        if shape and theirs["output"] is None and failures[1]["members"] is not None:
            pairs.append(("member", shape, failures[0]["members"], parse(failures[1]["members"])))
    for part, shape, *pair in pairs:
        for path, *values in leaves(*(normal(shape, *pair) if shape else pair)):
            yield f"{part} {path[-1] if path else ''}", *values


def compare(program, boto3, operation, listed, report):
    model = boto3.service.operation_model(operation)
    sent = list(errors(model.error_shapes))
    sent += outputs(model.output_shape)
    if events_of(model.output_shape):
        sent += events(model.output_shape)
    elif "payload" not in model.output_shape.serialization:
        unusual_outputs = unusual(model.output_shape)
        sent += [(case, response(200, [("content-type", JSON)], encode(case.value))) for case in unusual_outputs]
    missing = uncovered(model.output_shape, [case.value for case in cases(model.output_shape)])
    report.check(f"members of {operation} that no generated output contains", missing, [])
    results = run_program([program, "responses", operation], [message for _, message in sent])
    for (case, message), ours in zip(sent, results, strict=True):
        theirs = boto3.parse(model, message)
        found = list(differences(model, theirs, ours))
        found = [difference for difference in found if not listed.explains(operation, case, "parsed", difference)]
        context = f"boto3: {str(theirs)[:1000]}", f"ours:  {str(ours)[:1000]}"
        report.check(f"{operation}, {case.name}", found, [], *context)
    return len(sent)


def main(program):
    report = Report("responses")
    boto3 = Boto3()
    listed = Listed("response_differences.json")
    operations = [name for name in boto3.service.operation_names if name != BIDIRECTIONAL]
    counted = {operation: compare(program, boto3, operation, listed, report) for operation in operations}
    report.check("listed differences that do not occur", listed.unused(), [])
    counts = ", ".join(f"{operation} {count}" for operation, count in counted.items())
    report.end(f"{sum(counted.values())} generated responses: {counts}", MINIMUM_RESPONSES)


if __name__ == "__main__":
    main(*sys.argv[1:])
