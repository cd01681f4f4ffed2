"""Uses the agent of pydantic-ai, which calls ConverseStream even if a program does not read a stream."""

from common import Report
from expected import ARGUMENTS, MODEL, PROMPT, TEXT, Weather, check_stream, check_usage
from pydantic_ai import Agent, ToolOutput


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
    report.end(f"{report.count} checks", 8)


if __name__ == "__main__":
    main()
