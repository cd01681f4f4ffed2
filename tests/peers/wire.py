"""Compares, byte for byte, the requests that boto3 puts on the wire with ours.

usage: wire.py PEER_REQUESTS

PEER_REQUESTS is the program of `tests/examples/peer_requests.rs`. The inputs are those of `inputs.json`, given to each
operation: they have the same members, in other places of the request. Method, target, modelled header fields and body
must agree, except where `differences.json` lists both sides and a reason; a listed difference that is no longer there
fails as well.
"""

import base64
import socketserver
import sys
import threading

import boto3
from botocore.config import Config
from common import Report, ask_program, data

# By their names in the model: those in boto3.
OPERATIONS = {
    "InvokeModel": "invoke_model",
    "InvokeModelWithResponseStream": "invoke_model_with_response_stream",
}
MINIMUM_INPUTS = 80


class Wire(socketserver.TCPServer):
    """Keeps the last request as it came, and answers it."""

    request = None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Exchange)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://{}:{}".format(*self.server_address)

    def capture(self, call, values):
        """The request that the call makes, or the error that it raises instead."""
        self.request = None
        try:
            call(**values)
        except Exception as error:  # whatever a library refuses an input with
            if self.request is None:
                return {"error": f"{type(error).__name__}: {error}"}
            raise
        return self.request


class Exchange(socketserver.StreamRequestHandler):
    """One request, read without any library that could tidy it up."""

    def handle(self):
        self.server.request = {}  # from here on, an exception is no refusal
        method, target, _version = self.rfile.readline().decode("ascii").split(" ")
        fields = {}
        name = None
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            text = line.decode("utf-8").removesuffix("\r\n")
            if text[0] in " \t":  # a folded line goes on with the one before
                fields[name][-1] += "\r\n" + text
                continue
            name, _, value = text.partition(":")
            name = name.lower()
            # One blank belongs to the notation, not to the value.
            fields.setdefault(name, []).append(value.removeprefix(" "))
        body = self.rfile.read(int(fields.get("content-length", ["0"])[0]))
        self.server.request = {
            "method": method,
            "target": target,
            "fields": {name: values for name, values in fields.items() if is_modelled(name)},
            "body": base64.b64encode(body).decode("ascii"),
        }
        self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")


def client(url, validation):
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(parameter_validation=validation, retries={"total_max_attempts": 1}),
    )


def is_modelled(name):
    return name in ("content-type", "accept") or name.startswith("x-amzn-bedrock-")


def differences(theirs, ours):
    """Yields part, boto3's value and our value, where they are not the same."""
    outcome = ["refused" if "error" in side else "sent" for side in (theirs, ours)]
    if "refused" in outcome:
        if outcome[0] != outcome[1]:
            yield "outcome", *outcome
        return
    for part in ("method", "target", "body"):
        if theirs[part] != ours[part]:
            yield part, theirs[part], ours[part]
    for name in sorted({*theirs["fields"], *ours["fields"]}):
        pair = [side["fields"].get(name, []) for side in (theirs, ours)]
        if pair[0] != pair[1]:
            yield name, *pair


def listed_differences():
    """By case, then by part: boto3's value and our value."""
    listed = {}
    for group in data("differences.json"):
        if not group["reason"].strip():
            raise SystemExit(f"differences.json: {group['part']} of {group['cases']} has no reason")
        for case in group["cases"]:
            listed.setdefault(case, {})[group["part"]] = [group["boto3"], group["ours"]]
    return listed


def compare(program, wire, operation, report):
    cases = data("inputs.json")
    answers = ask_program([program, operation], [case["input"] for case in cases])
    listed = listed_differences()
    checked, unchecked = client(wire.url, True), client(wire.url, False)

    for case, ours in zip(cases, answers, strict=True):
        values = dict(case["input"])
        if "body" in values:
            values["body"] = base64.b64decode(values["body"])
        peer = unchecked if case.get("unvalidated") else checked
        theirs = wire.capture(getattr(peer, OPERATIONS[operation]), values)
        found = {part: pair for part, *pair in differences(theirs, ours)}
        expected = listed.pop(case["name"], {})
        report.check(f"{operation}, {case['name']}", found, expected, f"boto3: {theirs}", f"ours:  {ours}")

    report.check("names in differences.json that no input has", set(listed), set())
    modelled = set(checked.meta.service_model.operation_model(operation).input_shape.members)
    for how, members in (("set", modelled), ("not set", modelled - {"modelId"})):
        met = {member for case in cases for member in members if (member in case["input"]) == (how == "set")}
        report.check(f"members of {operation} that some input has {how}", met, members)
    return len(cases)


def main(program):
    report = Report("wire")
    wire = Wire()
    count = sum(compare(program, wire, operation, report) for operation in OPERATIONS)
    listed = sum(map(len, listed_differences().values()))
    summary = f"{count} inputs of {len(OPERATIONS)} operations, {listed} listed differences for each"
    report.end(summary, MINIMUM_INPUTS * len(OPERATIONS))


if __name__ == "__main__":
    main(*sys.argv[1:])
