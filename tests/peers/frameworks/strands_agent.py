"""Uses the agent of strands, with ConverseStream and with Converse."""

from common import Report
from expected import ARGUMENTS, MODEL, PROMPT, TEXT, Weather, check_stream, check_usage
from strands import Agent
from strands.models import BedrockModel


def check_agent(report, name, model):
    pieces = []

    def collect(data="", **_):
        pieces.append(data)

    result = Agent(model=model, callback_handler=collect)(PROMPT)
    report.check(f"{name}, text", str(result).strip(), TEXT)
    usage = result.metrics.accumulated_usage
    check_usage(report, name, usage["inputTokens"], usage["outputTokens"], usage["totalTokens"])
    report.check(f"{name}, stop reason", result.stop_reason, "end_turn")

    # The agent forces the tool call, because the model does not call the tool by itself.
    forced = Agent(model=model, callback_handler=None)(PROMPT, structured_output_model=Weather)
    report.check(f"{name}, structured output", forced.structured_output, Weather(**ARGUMENTS))
    return pieces


def main():
    report = Report("strands-agents")
    check_agent(report, "Converse", BedrockModel(model_id=MODEL, streaming=False))
    pieces = check_agent(report, "ConverseStream", BedrockModel(model_id=MODEL))
    check_stream(report, "ConverseStream", pieces)
    report.end(f"{report.count} checks", 12)


if __name__ == "__main__":
    main()
