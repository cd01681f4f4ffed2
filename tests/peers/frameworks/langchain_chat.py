"""Uses `ChatBedrock` (InvokeModel) and `ChatBedrockConverse` (Converse) of langchain-aws."""

from common import Report
from expected import ARGUMENTS, MODEL, PROMPT, TEXT, TOOL, Weather, check_stream, check_usage
from langchain_aws import ChatBedrock, ChatBedrockConverse


def check_chat(report, chat):
    name = type(chat).__name__
    message = chat.invoke(PROMPT)
    report.check(f"{name}, text", message.text, TEXT)
    usage = message.usage_metadata
    check_usage(report, name, usage["input_tokens"], usage["output_tokens"], usage["total_tokens"])

    chunks = list(chat.stream(PROMPT))
    check_stream(report, f"{name}, stream", [chunk.text for chunk in chunks])
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    check_usage(report, f"{name}, stream", whole.usage_metadata["input_tokens"], whole.usage_metadata["output_tokens"])

    [call] = chat.bind_tools([Weather], tool_choice=TOOL).invoke(PROMPT).tool_calls
    report.check(f"{name}, tool call", (call["name"], call["args"]), (TOOL, ARGUMENTS))
    found = chat.with_structured_output(Weather).invoke(PROMPT)
    report.check(f"{name}, structured output", found, Weather(**ARGUMENTS))


def main():
    report = Report("langchain-aws")
    for model in (ChatBedrock, ChatBedrockConverse):
        check_chat(report, model(model=MODEL))
    report.end(f"{report.count} checks", 18)


if __name__ == "__main__":
    main()
