"""Uses `AmazonBedrockChatGenerator` and both embedders of texts of Haystack."""

from common import Report
from expected import ARGUMENTS, EMBEDDING, MODEL, PROMPT, TEXT, TOOL, Weather, check_stream, check_usage, check_vectors
from haystack.dataclasses import Document
from haystack.tools import Tool
from haystack_integrations.components.embedders.amazon_bedrock import (
    AmazonBedrockDocumentEmbedder,
    AmazonBedrockTextEmbedder,
)
from haystack_integrations.components.generators.amazon_bedrock import AmazonBedrockChatGenerator


def main():
    report = Report("amazon-bedrock-haystack")
    generator = AmazonBedrockChatGenerator(model=MODEL)
    [reply] = generator.run(PROMPT)["replies"]
    report.check("text", reply.text, TEXT)
    usage = reply.meta["usage"]
    check_usage(report, "usage", usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"])

    pieces = []
    [reply] = generator.run(PROMPT, streaming_callback=lambda chunk: pieces.append(chunk.content))["replies"]
    check_stream(report, "stream", pieces)
    report.check("stream, reply", reply.text, TEXT)
    usage = reply.meta["usage"]
    check_usage(report, "stream", usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"])

    tool = Tool(TOOL, Weather.__doc__, Weather.model_json_schema(), Weather)
    # This member of the model's own schema forces the tool call. Haystack passes the member to the model.
    forced = {"tool_choice": {"type": "tool", "name": TOOL}}
    [reply] = generator.run(PROMPT, tools=[tool], generation_kwargs=forced)["replies"]
    report.check("tool call", (reply.tool_call.tool_name, reply.tool_call.arguments), (TOOL, ARGUMENTS))

    vector = AmazonBedrockTextEmbedder(model=EMBEDDING).run(PROMPT)["embedding"]
    embedder = AmazonBedrockDocumentEmbedder(model=EMBEDDING, progress_bar=False)
    documents = embedder.run([Document(content=text) for text in (PROMPT, TEXT)])["documents"]
    check_vectors(report, "embeddings", [document.embedding for document in documents])
    report.check("embedding of a text", vector, documents[0].embedding)
    report.end(f"{report.count} checks", 12)


if __name__ == "__main__":
    main()
