"""Uses `from_bedrock` of Instructor, which calls Converse. Instructor does not stream the responses of Amazon Bedrock."""

import boto3
import instructor
from common import Report
from expected import ARGUMENTS, MODEL, PROMPT, TEXT, TOOL, Weather, check_usage

MESSAGES = [{"role": "user", "content": [{"text": PROMPT}]}]


def main():
    report = Report("instructor")
    client = instructor.from_bedrock(boto3.client("bedrock-runtime"), mode=instructor.Mode.TOOLS)
    response = client.create(modelId=MODEL, messages=MESSAGES, response_model=None)
    report.check("text", response["output"]["message"]["content"], [{"text": TEXT}])

    found, response = client.create_with_completion(modelId=MODEL, messages=MESSAGES, response_model=Weather)
    # Instructor returns an object of a subclass.
    report.check("structured output", (isinstance(found, Weather), found.model_dump()), (True, ARGUMENTS))
    [block] = response["output"]["message"]["content"]
    report.check("tool call", (block["toolUse"]["name"], block["toolUse"]["input"]), (TOOL, ARGUMENTS))
    usage = response["usage"]
    check_usage(report, "usage", usage["inputTokens"], usage["outputTokens"], usage["totalTokens"])
    report.end(f"{report.count} checks", 5)


if __name__ == "__main__":
    main()
