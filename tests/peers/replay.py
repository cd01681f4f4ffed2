"""Compares what boto3, the SDK for JavaScript and our command read from the very same bytes.

usage: replay.py INVOKE_MODEL

Streams of the endpoint that the environment points at are recorded as they come, byte for byte, and answered again by
a server that knows nothing of them: whole and split in every way, with errors in them, spoiled, and cut. INVOKE_MODEL
is our command. Each line that it prints must be what boto3 reads as the bytes of an event.
"""

import os
import re
import subprocess
import sys

from clients import STREAM, Boto3, JavaScript, call
from common import PATIENCE, Report, unlike
from families import CLAUDE, FAMILIES
from recording import Replay, record
from replies import broken, ended, whole

MINIMUM_ANSWERS = 90


class Ours:
    """Our command, asked as the clients are. The code of a refusal is the one that it exits with."""

    name = "ours"

    def __init__(self, program, **settings):
        self.program = program
        self.environment = {**os.environ, **settings}

    def ask(self, calls):
        return [self.answer(call["input"]["modelId"]) for call in calls]

    def answer(self, model_id):
        command = [self.program, "invoke", "--stream", "--raw", "--model-id", model_id, "--body", "{}"]
        done = subprocess.run(command, env=self.environment, capture_output=True, check=False, timeout=PATIENCE)
        refusal = {"code": str(done.returncode), "message": done.stderr.decode()}
        says = done.returncode != 0 or done.stderr
        return {"parts": done.stdout.split(b"\n")[:-1], "refusal": refusal if says else None}


def said(refusal):
    if refusal is None:
        return None
    words = (refusal.get("class"), refusal.get("code"))
    return f"{' '.join(filter(None, words))}: {refusal['message']}"


def check(report, client, name, reply, answer):
    expected, found = getattr(reply, client.name), said(answer["refusal"])
    if expected and found and re.search(expected, found):
        found = expected
    report.check(f"{name}: what {client.name} says", found, expected)
    parts = reply.parts
    if expected == "aborted":
        # Node drops what it has received, but not yet handed on, when the connection is lost.
        parts = parts[: len(answer["parts"])]
    report.check(f"{name}: parts that {client.name} reads otherwise", unlike(answer["parts"], parts), [])


def main(program):
    recorded = {family.model_id: record(family.model_id, family.request) for family in FAMILIES}
    fields, body = recorded[CLAUDE.model_id]
    replies = {
        f"{model_id}, {split}": reply
        for model_id, recording in recorded.items()
        for split, reply in whole(*recording).items()
    }
    model = Boto3().client.meta.service_model.operation_model(STREAM)
    replies.update(broken(fields, body, model.output_shape.members["body"]))
    replies.update(ended(fields, body))

    # The name of a reply stands for a model.
    server = Replay({name: reply.writes for name, reply in replies.items()})
    settings = {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.url}
    calls = [call(STREAM, name, {}) for name in replies]
    report = Report("replay")
    for client in (Boto3(**settings), JavaScript(**settings), Ours(program, **settings)):
        for (name, reply), answer in zip(replies.items(), client.ask(calls), strict=True):
            check(report, client, name, reply, answer)
    report.end(f"{len(replies)} answers, read by each of 3 clients", 6 * MINIMUM_ANSWERS)


if __name__ == "__main__":
    main(*sys.argv[1:])
