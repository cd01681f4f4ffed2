"""Calls the local endpoint with the Bedrock client of the `anthropic` package.

usage: messages.py

The environment must contain the variables that `invoke-model serve` prints. Each request is made in three ways: without streaming, as
events, and as events that the package accumulates. The package validates the responses.
"""

import itertools
import os

import anthropic
from common import Report
from families import CLAUDE, ECHO, PROMPT

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

def client():
    url = os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
    return anthropic.AnthropicBedrock(base_url=url, max_retries=0, _strict_response_validation=True)


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


def main():
    report = Report("anthropic")
    check_responses(report, client().messages)
    report.end(f"{report.count} checks, {len(REQUESTS)} requests in {len(WAYS)} ways", len(REQUESTS) * len(WAYS))


if __name__ == "__main__":
    main()
