"""Uses `BedrockConverse` and `BedrockEmbedding` of LlamaIndex."""

from common import Report
from expected import ARGUMENTS, EMBEDDING, MODEL, PROMPT, TEXT, TOOL, Weather, check_stream, check_usage, check_vectors
from llama_index.core.program.function_program import get_function_tool
from llama_index.embeddings.bedrock import BedrockEmbedding
from llama_index.llms.bedrock_converse import BedrockConverse


def main():
    report = Report("llama-index")
    llm = BedrockConverse(model=MODEL)
    response = llm.complete(PROMPT)
    report.check("text", response.text, TEXT)
    usage = response.raw["usage"]
    check_usage(report, "usage", usage["inputTokens"], usage["outputTokens"], usage["totalTokens"])
    check_stream(report, "stream", [piece.delta for piece in llm.stream_complete(PROMPT)])

    tool = get_function_tool(Weather)
    response = llm.chat_with_tools([tool], user_msg=PROMPT, tool_required=True)
    [call] = llm.get_tool_calls_from_response(response)
    report.check("tool call", (call.tool_name, call.tool_kwargs), (TOOL, ARGUMENTS))
    found = llm.as_structured_llm(Weather).complete(PROMPT).raw
    report.check("structured output", found, Weather(**ARGUMENTS))

    embedding = BedrockEmbedding(model_name=EMBEDDING)
    vectors = embedding.get_text_embedding_batch([PROMPT, TEXT])
    check_vectors(report, "embeddings", vectors)
    report.check("embedding of a text", embedding.get_text_embedding(PROMPT), vectors[0])
    report.end(f"{report.count} checks", 10)


if __name__ == "__main__":
    main()
