"""Text model families. Each has a request, functions that return text, and templates for the chunks of streams.

In a template, a type matches any value of this type. A stream has the chunks in `first`, then the chunks in `piece` one
or more times, and then the chunks in `last`. Bedrock adds its metrics to the last chunk.

* https://docs.anthropic.com/en/docs/build-with-claude/streaming
* https://docs.aws.amazon.com/nova/latest/userguide/using-invoke-api.html
* https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html
* https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html
* https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html
* https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-large-2407.html
* https://docs.cohere.com/v1/docs/streaming
* https://docs.anthropic.com/en/api/complete
* https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-deepseek.html
* https://platform.openai.com/docs/api-reference/chat
"""

from collections.abc import Callable
from typing import NamedTuple

PROMPT = "Describe a lighthouse at dawn, in words that a keeper would use: fog, lamp, tide, gull, horn."
# Response of the local models to the prompt.
ECHO = f"You said: {PROMPT}"
METRICS = "amazon-bedrock-invocationMetrics"
COUNTS = {"inputTokenCount": int, "outputTokenCount": int, "invocationLatency": int, "firstByteLatency": int}


class Family(NamedTuple):
    model_id: str
    request: dict
    # Functions that return the text of a response and the text of a chunk. The text of a chunk may be empty.
    text: Callable[[dict], str]
    text_of_chunk: Callable[[dict], str]
    first: list
    piece: list
    last: list
    # Counts in the metrics of the last chunk.
    counts: dict = COUNTS
    # Response of the model to the prompt.
    echo: str = ECHO

    def templates(self, count):
        """Returns the templates for a stream with `count` chunks."""
        pieces = (count - len(self.first) - len(self.last)) // len(self.piece)
        chunks = self.first + self.piece * pieces + self.last
        return [*chunks[:-1], {**chunks[-1], METRICS: self.counts}]


def outline(value, template):
    """Replaces a value with its type if the template has this type in the same place."""
    if isinstance(template, type):
        return template if type(value) is template else value
    if isinstance(template, dict) and isinstance(value, dict):
        return {key: outline(found, template.get(key)) for key, found in value.items()}
    if isinstance(template, list) and isinstance(value, list) and len(value) == len(template):
        return [outline(*pair) for pair in zip(value, template, strict=True)]
    return value


CLAUDE = Family(
    model_id="anthropic.claude-haiku-4-5-20251001-v1:0",
    request={
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 256,
        "messages": [{"role": "user", "content": PROMPT}],
    },
    text=lambda response: response["content"][0]["text"],
    text_of_chunk=lambda chunk: chunk.get("delta", {}).get("text", ""),
    first=[
        {
            "type": "message_start",
            "message": {
                "id": str,
                "type": "message",
                "role": "assistant",
                "model": "claude-haiku-4-5-20251001",
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": int, "output_tokens": int},
            },
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ],
    piece=[{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": str}}],
    last=[
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": int},
        },
        {"type": "message_stop"},
    ],
)

NOVA_USAGE = {
    "inputTokens": int,
    "outputTokens": int,
    "cacheReadInputTokenCount": 0,
    "cacheWriteInputTokenCount": 0,
}
NOVA = Family(
    model_id="us.amazon.nova-lite-v1:0",
    request={"messages": [{"role": "user", "content": [{"text": PROMPT}]}], "inferenceConfig": {"maxTokens": 256}},
    text=lambda response: response["output"]["message"]["content"][0]["text"],
    text_of_chunk=lambda chunk: chunk.get("contentBlockDelta", {}).get("delta", {}).get("text", ""),
    first=[{"messageStart": {"role": "assistant"}}],
    piece=[
        {"contentBlockDelta": {"delta": {"text": str}, "contentBlockIndex": int}},
        {"contentBlockStop": {"contentBlockIndex": int}},
    ],
    last=[
        {"messageStop": {"stopReason": "end_turn"}},
        {"metadata": {"usage": NOVA_USAGE, "metrics": {}, "trace": {}}},
    ],
    counts={**COUNTS, "cacheReadInputTokenCount": 0, "cacheWriteInputTokenCount": 0},
)


# Nova 2 has the same schema.
NOVA_2 = NOVA._replace(model_id="us.amazon.nova-2-lite-v1:0")


def titan(read, generated, reason):
    return {
        "index": 0,
        "inputTextTokenCount": read,
        "totalOutputTextTokenCount": generated,
        "outputText": str,
        "completionReason": reason,
    }


TITAN = Family(
    model_id="amazon.titan-text-express-v1",
    request={"inputText": PROMPT, "textGenerationConfig": {"maxTokenCount": 256}},
    text=lambda response: response["results"][0]["outputText"],
    text_of_chunk=lambda chunk: chunk["outputText"],
    first=[titan(int, None, None)],
    piece=[titan(None, None, None)],
    last=[titan(None, int, "FINISHED")],
)


def llama(read, reason):
    return {
        "generation": str,
        "prompt_token_count": read,
        "generation_token_count": int,
        "stop_reason": reason,
    }


LLAMA = Family(
    model_id="meta.llama3-8b-instruct-v1:0",
    request={"prompt": PROMPT, "max_gen_len": 256},
    text=lambda response: response["generation"],
    text_of_chunk=lambda chunk: chunk["generation"],
    first=[llama(int, None)],
    piece=[llama(None, None)],
    last=[llama(None, "stop")],
)


def mistral(reason):
    return {"outputs": [{"text": str, "stop_reason": reason}]}


MISTRAL = Family(
    model_id="mistral.mistral-7b-instruct-v0:2",
    request={"prompt": f"<s>[INST] {PROMPT} [/INST]", "max_tokens": 256},
    text=lambda response: response["outputs"][0]["text"],
    text_of_chunk=lambda chunk: chunk["outputs"][0]["text"],
    first=[],
    piece=[mistral(None)],
    last=[mistral("stop")],
)


def mistral_chat(reason):
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": str}, "stop_reason": reason}]}


MISTRAL_CHAT = Family(
    model_id="mistral.mistral-large-2407-v1:0",
    request={"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 256},
    text=lambda response: response["choices"][0]["message"]["content"],
    text_of_chunk=lambda chunk: chunk["choices"][0]["message"]["content"],
    first=[],
    piece=[mistral_chat(None)],
    last=[mistral_chat("stop")],
)

COHERE = Family(
    model_id="cohere.command-r-v1:0",
    request={"message": PROMPT, "max_tokens": 256},
    text=lambda response: response["text"],
    text_of_chunk=lambda chunk: chunk.get("text", ""),
    first=[{"event_type": "stream-start", "is_finished": False, "generation_id": str}],
    piece=[{"event_type": "text-generation", "is_finished": False, "text": str}],
    last=[
        {
            "event_type": "stream-end",
            "is_finished": True,
            "finish_reason": "COMPLETE",
            "response": {
                "response_id": str,
                "text": str,
                "generation_id": str,
                "finish_reason": "COMPLETE",
                "chat_history": [{"role": "USER", "message": PROMPT}, {"role": "CHATBOT", "message": str}],
            },
        }
    ],
)


def claude_text(reason, stop):
    return {"type": "completion", "completion": str, "stop_reason": reason, "stop": stop}


CLAUDE_TEXT = Family(
    model_id="anthropic.claude-v2:1",
    request={"prompt": f"\n\nHuman: {PROMPT}\n\nAssistant:", "max_tokens_to_sample": 256},
    text=lambda response: response["completion"],
    text_of_chunk=lambda chunk: chunk["completion"],
    first=[],
    piece=[claude_text(None, None)],
    last=[claude_text("stop_sequence", "\n\nHuman:")],
)


def deepseek_text(reason):
    return {"choices": [{"index": 0, "text": str, "stop_reason": reason}]}


DEEPSEEK_TEXT = Family(
    model_id="us.deepseek.r1-v1:0",
    request={"prompt": f"<｜begin▁of▁sentence｜><｜User｜>{PROMPT}<｜Assistant｜><think>\n", "max_tokens": 256},
    text=lambda response: response["choices"][0]["text"],
    text_of_chunk=lambda chunk: chunk["choices"][0]["text"],
    first=[],
    piece=[deepseek_text(None)],
    last=[deepseek_text("stop")],
)


def chat_completion(model_id, usage=False, echo=ECHO):
    """Returns a family with the schema of OpenAI. If `usage` is true, a stream ends with a chunk that has the usage."""

    def chunk(choices, **members):
        head = {"id": str, "object": "chat.completion.chunk", "created": int, "model": model_id}
        return {**head, "choices": choices, **members}

    def delta(delta, reason=None):
        return chunk([{"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}])

    counts = {"prompt_tokens": int, "completion_tokens": int, "total_tokens": int}
    return Family(
        model_id=model_id,
        request={"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 256},
        text=lambda response: response["choices"][0]["message"]["content"],
        text_of_chunk=lambda chunk: "".join(choice["delta"].get("content", "") for choice in chunk["choices"]),
        first=[delta({"role": "assistant", "content": ""})],
        piece=[delta({"content": str})],
        last=[delta({}, "stop"), *[chunk([], usage=counts)] * usage],
        echo=echo,
    )


CHAT_COMPLETIONS = [
    chat_completion("deepseek.v3-v1:0"),
    chat_completion("qwen.qwen3-32b-v1:0"),
    chat_completion("ai21.jamba-1-5-mini-v1:0", usage=True),
    chat_completion("writer.palmyra-x5-v1:0"),
    chat_completion(
        "openai.gpt-oss-20b-1:0",
        echo=f"<reasoning>The message has 25 tokens. I repeat them.</reasoning>{ECHO}",
    ),
]

FAMILIES = [
    CLAUDE,
    CLAUDE_TEXT,
    NOVA,
    NOVA_2,
    TITAN,
    LLAMA,
    MISTRAL,
    MISTRAL_CHAT,
    COHERE,
    DEEPSEEK_TEXT,
    *CHAT_COMPLETIONS,
]
# ARNs of models, with the family of each model.
ARNS = {
    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0": CLAUDE,
    "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.amazon.nova-lite-v1:0": NOVA,
}
