"""Errors: classes of the client, the base class, and the facts of a response."""

from botocore.exceptions import ClientError
from types_boto3_bedrock_runtime.client import BedrockRuntimeClient
from types_boto3_bedrock_runtime.type_defs import ConverseResponseTypeDef


def converse(client: BedrockRuntimeClient, prompt: str, attempts: int = 3) -> ConverseResponseTypeDef | None:
    retried: tuple[type[ClientError], ...] = (
        client.exceptions.ModelTimeoutException,
        client.exceptions.ServiceUnavailableException,
    )
    for _ in range(attempts):
        try:
            return client.converse(
                modelId="amazon.nova-micro-v1:0", messages=[{"role": "user", "content": [{"text": prompt}]}]
            )
        except client.exceptions.ThrottlingException as error:
            print(code(error), error.operation_name)
        except retried:
            continue
        except ClientError as error:
            if code(error) != "AccessDeniedException":
                raise
            return None
    return None


def code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "unknown")


def facts(client: BedrockRuntimeClient) -> tuple[str, str, bool]:
    return client.meta.region_name, client.meta.endpoint_url, client.can_paginate("converse")
