"""Text models of the local endpoint with a request, at least one for each schema.

The models of the endpoint repeat the prompt.
"""

from typing import NamedTuple

PROMPT = "Describe a lighthouse at dawn, in words that a keeper would use: fog, lamp, tide, gull, horn."
# Response of the local models to the prompt.
ECHO = f"You said: {PROMPT}"


class Family(NamedTuple):
    model_id: str
    request: dict


CHAT = {"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 256}
NOVA = {"messages": [{"role": "user", "content": [{"text": PROMPT}]}], "inferenceConfig": {"maxTokens": 256}}
DEEPSEEK = f"<｜begin▁of▁sentence｜><｜User｜>{PROMPT}<｜Assistant｜><think>\n"
CLAUDE = Family("anthropic.claude-haiku-4-5-20251001-v1:0", {"anthropic_version": "bedrock-2023-05-31", **CHAT})

FAMILIES = [
    CLAUDE,
    Family("anthropic.claude-v2:1", {"prompt": f"\n\nHuman: {PROMPT}\n\nAssistant:", "max_tokens_to_sample": 256}),
    Family("us.amazon.nova-lite-v1:0", NOVA),
    Family("us.amazon.nova-2-lite-v1:0", NOVA),
    Family("amazon.titan-text-express-v1", {"inputText": PROMPT, "textGenerationConfig": {"maxTokenCount": 256}}),
    Family("meta.llama3-8b-instruct-v1:0", {"prompt": PROMPT, "max_gen_len": 256}),
    Family("mistral.mistral-7b-instruct-v0:2", {"prompt": f"<s>[INST] {PROMPT} [/INST]", "max_tokens": 256}),
    Family("mistral.mistral-large-2407-v1:0", CHAT),
    Family("cohere.command-r-v1:0", {"message": PROMPT, "max_tokens": 256}),
    Family("us.deepseek.r1-v1:0", {"prompt": DEEPSEEK, "max_tokens": 256}),
    Family("deepseek.v3-v1:0", CHAT),
    Family("qwen.qwen3-32b-v1:0", CHAT),
    Family("ai21.jamba-1-5-mini-v1:0", CHAT),
    Family("writer.palmyra-x5-v1:0", CHAT),
    Family("openai.gpt-oss-20b-1:0", CHAT),
]
