"""Uses `from_bedrock` of Instructor, which calls Converse.

Instructor 1.17.0 cannot stream the responses of Amazon Bedrock, and has no embeddings. The program fails if a later version
can stream.
"""

import boto3
import instructor
from common import Report
from expected import ARGUMENTS, MODEL, PROMPT, TEXT, TOOL, Weather, check_usage
from instructor.core.exceptions import InstructorRetryException

MESSAGES = [{"role": "user", "content": [{"text": PROMPT}]}]


def error_of_stream(client):
    """Returns the text of the error that Instructor raises instead of a stream of partial objects."""
    try:
        list(client.create_partial(modelId=MODEL, messages=MESSAGES, response_model=Weather, max_retries=1))
    except InstructorRetryException as error:
        return str(error)
    return ""


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
    # Instructor calls Converse with the argument `stream`, which does not exist.
    report.check("no stream", 'Unknown parameter in input: "stream"' in error_of_stream(client), True)
    report.end(f"{report.count} checks", 6)


if __name__ == "__main__":
    main()
