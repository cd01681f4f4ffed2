"""Uses the agent of pydantic-ai, which calls ConverseStream even if a program does not read a stream, and its embedder."""

from common import Report
from expected import ARGUMENTS, EMBEDDING, MODEL, PROMPT, TEXT, Weather, check_stream, check_usage, check_vectors
from pydantic_ai import Agent, Embedder, ToolOutput


def main():
    report = Report("pydantic-ai")
    agent = Agent(f"bedrock:{MODEL}")
    result = agent.run_sync(PROMPT)
    report.check("text", result.output, TEXT)
    usage = result.usage
    check_usage(report, "usage", usage.input_tokens, usage.output_tokens, usage.total_tokens)

    stream = agent.run_stream_sync(PROMPT)
    check_stream(report, "stream", list(stream.stream_text(delta=True, debounce_by=None)))
    check_usage(report, "stream", stream.usage.input_tokens, stream.usage.output_tokens)

    # The agent requires a call of the output tool.
    forced = Agent(f"bedrock:{MODEL}", output_type=ToolOutput(Weather)).run_sync(PROMPT)
    report.check("tool call", forced.output, Weather(**ARGUMENTS))

    embedded = Embedder(f"bedrock:{EMBEDDING}").embed_documents_sync([PROMPT, TEXT])
    check_vectors(report, "embeddings", embedded.embeddings)
    report.check("embeddings, has input tokens", embedded.usage.input_tokens > 0, True)
    report.end(f"{report.count} checks", 11)


if __name__ == "__main__":
    main()
