"""Runs the standard tests of LangChain (`langchain-tests`) with the classes of langchain-aws.

Some tests expect a certain call of a tool. The rules give these replies to the endpoint. These tests do not run:

* Tests of images, audio and PDF download a file from the internet.
* The JSON mode does not exist in Amazon Bedrock. langchain-aws does not support another model for a single call.
* `test_serdes` compares the text of an object with a file of langchain-aws, and makes no call.
* Benchmarks.
"""

import json
import os
import sys
import urllib.request

import boto3
import pytest
from expected import EMBEDDING, MODEL
from langchain_aws import BedrockEmbeddings, ChatBedrock, ChatBedrockConverse
from langchain_tests.integration_tests import ChatModelIntegrationTests, EmbeddingsIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests, EmbeddingsUnitTests


def call(tool, prompt=None, **arguments):
    """Returns the rule that answers a request with a call of a tool."""
    conditions = {"prompt": {"contains": prompt}} if prompt else {}
    return {"tool": tool, **conditions, "reply": {"tool": {"name": tool, "input": arguments}}}


RULES = [
    {"tool_result": "*", "reply": "It is sunny."},
    call("magic_function", input=3),
    call("greeting_generator", answer_style="pirate"),
    call("get_weather", location="San Francisco, CA"),
    call("unicode_customer", "你好", customer_name="你好啊集团", description="a company"),
    call("unicode_customer", "こんにちは", customer_name="こんにちは株式会社", description="a company"),
]


# A model creates its clients, which takes most of the time of a test. The unit tests check that it does.
CLIENTS = {"client": boto3.client("bedrock-runtime"), "bedrock_client": boto3.client("bedrock")}


class Chat:
    chat_model_class = ChatBedrock
    chat_model_params = {"model": MODEL}
    standard_chat_model_params = {"max_tokens": 100}


class TestChatBedrock(Chat, ChatModelIntegrationTests):
    chat_model_params = {"model": MODEL, **CLIENTS}
    supports_anthropic_inputs = True


class TestChatBedrockConverse(TestChatBedrock):
    chat_model_class = ChatBedrockConverse


class TestBedrockEmbeddings(EmbeddingsIntegrationTests):
    embeddings_class = BedrockEmbeddings
    embedding_model_params = {"model_id": EMBEDDING, "client": CLIENTS["client"]}


class TestChatBedrockUnit(Chat, ChatModelUnitTests):
    pass


class TestChatBedrockConverseUnit(TestChatBedrockUnit):
    chat_model_class = ChatBedrockConverse


class TestBedrockEmbeddingsUnit(EmbeddingsUnitTests):
    embeddings_class = BedrockEmbeddings
    embedding_model_params = {"model_id": EMBEDDING}


def main():
    url = os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] + "/_local/faults"
    body = json.dumps({"rules": RULES}).encode()
    urllib.request.urlopen(urllib.request.Request(url, body, method="PUT")).close()
    plugins = ["-p", "no:cacheprovider", "-p", "no:codspeed", "-o", "asyncio_mode=auto"]
    return pytest.main([__file__, "-q", *plugins, "-m", "not benchmark", "-k", "not test_serdes"])


if __name__ == "__main__":
    sys.exit(main())
