"""Calls the local endpoint with the Bedrock client of the `anthropic` package.

usage: messages.py

The environment variables are the same as for `calls.py`. Each request is made in three ways: without streaming, as
events, and as events that the package accumulates. The package validates the responses.
"""

import itertools
import os

import anthropic
import botocore.session
from clients import STREAM
from common import Report
from families import CLAUDE, ECHO, PROMPT
from failures import CREDENTIALS, ERROR_MEMBERS, ERROR_MODEL, TOKEN, TOKENS

# A model that supports the API version that the package sends. Earlier models on Bedrock do not support this version.
# https://platform.claude.com/docs/en/api/versioning
MODEL = "anthropic.claude-opus-4-7"
ARNS = [
    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-7",
    "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-opus-4-7",
]
REQUEST = {"max_tokens": 256, "messages": [{"role": "user", "content": PROMPT}]}
BLOCKS = [{"role": "user", "content": [{"type": "text", "text": PROMPT}]}]
TURNS = [*BLOCKS, {"role": "assistant", "content": "Fog."}, {"role": "user", "content": "And the horn?"}]
SYSTEM = "You keep the lamp."
EARLIER = {"model": CLAUDE.model_id, "extra_body": {"anthropic_version": CLAUDE.request["anthropic_version"]}}

# Request, text of the response, stop reason and stop sequence.
REQUESTS = {
    "a prompt": (REQUEST, ECHO, "end_turn", None),
    "blocks": ({**REQUEST, "messages": BLOCKS}, ECHO, "end_turn", None),
    "turns": ({**REQUEST, "messages": TURNS}, "You said: And the horn?", "end_turn", None),
    "a system prompt": ({**REQUEST, "system": SYSTEM}, ECHO, "end_turn", None),
    "system blocks": ({**REQUEST, "system": [{"type": "text", "text": SYSTEM}]}, ECHO, "end_turn", None),
    "a stop sequence": ({**REQUEST, "stop_sequences": ["dusk", "tide"]}, ECHO.split("tide")[0], "stop_sequence", "tide"),
    "few tokens": ({**REQUEST, "max_tokens": 4}, "You said: Describe", "max_tokens", None),
    **{arn: ({**REQUEST, "model": arn}, ECHO, "end_turn", None) for arn in ARNS},
    "an earlier model": ({**REQUEST, **EARLIER}, ECHO, "end_turn", None),
}

# Error class for each status. Errors with another status have the class `APIStatusError`.
CLASSES = {
    400: anthropic.BadRequestError,
    403: anthropic.PermissionDeniedError,
    404: anthropic.NotFoundError,
    408: anthropic.RequestTimeoutError,
    429: anthropic.RateLimitError,
    500: anthropic.InternalServerError,
    503: anthropic.ServiceUnavailableError,
}


def client(**settings):
    url = os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
    return anthropic.AnthropicBedrock(base_url=url, max_retries=0, _strict_response_validation=True, **settings)


def unary(messages, request, _events):
    return summary(messages.create(**request))


def summary(message):
    """Returns the text, the stop reason, the stop sequence, the input tokens and the output tokens."""
    text = "".join(block.text for block in message.content)
    usage = message.usage
    return text, message.stop_reason, message.stop_sequence, usage.input_tokens, usage.output_tokens


def piecewise(messages, request, events):
    """Reads the events. Returns the values of `summary`, or the event types if their order is not as documented."""
    with messages.create(stream=True, **request) as stream:
        events.extend(stream)
    deltas = [event for event in events if event.type == "content_block_delta"]
    around = [event.type for event in events if event not in deltas]
    if around != ["message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop"]:
        return around
    [start, _, *between, _, end, _] = events
    text = "".join(event.delta.text for event in between)
    counts = start.message.usage.input_tokens, end.usage.output_tokens
    return text, end.delta.stop_reason, end.delta.stop_sequence, *counts


def accumulated(messages, request, events):
    with messages.stream(**request) as stream:
        events.extend(stream)
        return summary(stream.get_final_message())


WAYS = (unary, piecewise, accumulated)


def check_responses(report, messages):
    counts = {}
    for (name, (request, *expected)), way in itertools.product(REQUESTS.items(), WAYS):
        *found, read, generated = way(messages, {"model": MODEL, **request}, [])
        report.check(f"{name}, {way.__name__}", found, expected)
        counts.setdefault(name, set()).add((read, generated))
    report.check("requests with different token counts by way", [name for name in counts if len(counts[name]) != 1], [])
    [(alone, _)], [(with_system, _)] = counts["a prompt"], counts["a system prompt"]
    report.check("a system prompt adds input tokens", with_system > alone, True)


def failure(way, messages, request, events):
    """Returns the class, status and body of the raised error, or the result if no error is raised."""
    try:
        return way(messages, {**REQUEST, **request}, events)
    except anthropic.APIStatusError as error:
        return type(error), error.status_code, error.body


def check_errors(report, messages, shapes):
    for shape, way in itertools.product(shapes, WAYS):
        request = {"model": ERROR_MODEL, "extra_body": {"error": shape.name, **ERROR_MEMBERS}}
        status = shape.metadata["error"]["httpStatusCode"]
        members = {name: ERROR_MEMBERS[name] for name in shape.members}
        expected = CLASSES.get(status, anthropic.APIStatusError), status, members
        report.check(f"{shape.name}, {way.__name__}", failure(way, messages, request, []), expected)


def check_exceptions(report, messages, union):
    """Checks errors in a stream. Their code is the name of the union member, and their only member is the message."""
    begun = ["message_start", "content_block_start", "content_block_delta"]
    exceptions = {name: shape for name, shape in union.members.items() if shape.metadata.get("exception")}
    for (name, shape), way in itertools.product(exceptions.items(), (piecewise, accumulated)):
        request = {"error": shape.name, "afterEvents": len(begun), **ERROR_MEMBERS}
        events = []
        found = failure(way, messages, {"model": ERROR_MODEL, "extra_body": request}, events)
        body = {"type": "error", "error": {"type": name, "message": ERROR_MEMBERS["message"]}}
        # `accumulated` adds text events, which are not part of the stream.
        received = [event.type for event in events if event.type != "text"]
        expected = (anthropic.APIStatusError, 200, body, begun)
        report.check(f"{name}, {way.__name__}", (*found, received), expected)


# Argument of the package for each environment variable.
ARGUMENTS = {
    "AWS_ACCESS_KEY_ID": "aws_access_key",
    "AWS_SECRET_ACCESS_KEY": "aws_secret_key",
    "AWS_BEARER_TOKEN_BEDROCK": "api_key",
}


def check_credentials(report):
    keys = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    wrong = [*({**keys, **settings} for settings, _ in CREDENTIALS), *(settings for settings, _ in TOKENS)]
    for settings, way in itertools.product([TOKEN, *wrong], WAYS):
        own = client(**{ARGUMENTS[name]: value for name, value in settings.items()})
        found = failure(way, own.messages, {"model": MODEL}, [])
        expected = (ECHO, "end_turn") if settings is TOKEN else (anthropic.PermissionDeniedError, 403)
        report.check(f"{settings}, {way.__name__}", found[:2], expected)


def main():
    service = botocore.session.get_session().get_service_model("bedrock-runtime")
    operation = service.operation_model(STREAM)
    report = Report("anthropic")
    messages = client().messages
    check_responses(report, messages)
    check_errors(report, messages, operation.error_shapes)
    check_exceptions(report, messages, operation.output_shape.members["body"])
    check_credentials(report)
    report.end(f"{report.count} checks, {len(REQUESTS)} requests in {len(WAYS)} ways", 80)


if __name__ == "__main__":
    main()
