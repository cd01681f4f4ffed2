"""The prompt and the tool that every framework sends, and the values that the framework must return.

The model of the endpoint repeats the prompt. If a request forces a tool call, the model calls the tool with the smallest
arguments that the schema allows.
"""

from typing import Literal

import families
from pydantic import BaseModel, Field

MODEL = families.CLAUDE.model_id
EMBEDDING = "amazon.titan-embed-text-v2:0"
PROMPT = families.PROMPT
TEXT = families.ECHO


class Weather(BaseModel):
    """Reports the weather of the next days."""

    city: Literal["Oslo", "Lima"]
    days: int = Field(ge=3)


TOOL = Weather.__name__
ARGUMENTS = {"city": "Oslo", "days": 3}

# A text that arrives in fewer pieces was not streamed.
FEW = 4


def check_usage(report, name, input_tokens, output_tokens, total=None):
    """Checks that the client returns token counts, and that their total is right."""
    report.check(f"{name}, has input and output tokens", (input_tokens > 0, output_tokens > 0), (True, True))
    report.check(f"{name}, total tokens", input_tokens + output_tokens, total or input_tokens + output_tokens)


def check_vectors(report, name, vectors):
    """Checks the vectors of two texts."""
    report.check(f"{name}, numbers of the vectors", [len(vector) for vector in vectors], [1024, 1024])
    report.check(f"{name}, vectors of two texts are equal", list(vectors[0]) == list(vectors[1]), False)


def check_stream(report, name, pieces):
    """Checks the text of a stream, and that the client returned it in several pieces."""
    pieces = [piece for piece in pieces if piece]
    report.check(f"{name}, text", "".join(pieces), TEXT)
    report.check(f"{name}, arrives in pieces", len(pieces) > FEW, True, f"pieces: {pieces}")
