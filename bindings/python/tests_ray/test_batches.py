"""Batches of all formats, without a cluster."""

import asyncio
import json

import numpy
import pandas
import pyarrow
import pytest
from conftest import EMBEDDING

from invoke_model import AsyncClient, QuotaLimiter
from invoke_model.ray import InvokeModel

NOVA = "us.amazon.nova-lite-v1:0"
TEXTS = [f"text {n}" for n in range(5)]
BATCHES = {
    "numpy": {"id": numpy.arange(5), "text": numpy.array(TEXTS), "vector": numpy.ones((5, 3))},
    "pyarrow": pyarrow.table({"id": range(5), "text": TEXTS}),
    "pandas": pandas.DataFrame({"id": range(5), "text": TEXTS}),
}


def embed(row):
    return {"inputText": row["text"], "dimensions": numpy.int64(256), "normalize": None}


@pytest.fixture
def call(local_endpoint):
    """Calls a model for each row of a batch, and returns a table."""

    def call(batch, model_id=EMBEDDING, **arguments):
        invoke = InvokeModel(model_id, **{**local_endpoint.settings, **arguments})
        return asyncio.run(invoke(batch))

    return call


@pytest.mark.parametrize("name", BATCHES)
def test_formats_of_batches(call, local_endpoint, name):
    table = call(BATCHES[name], model_input=embed)
    kept = ["id", "text", "vector"] if name == "numpy" else ["id", "text"]
    assert table.column_names == [*kept, "modelOutput", "error"]
    assert table.column("id").to_pylist() == list(range(5))
    assert table.column("error").to_pylist() == [None] * 5
    outputs = [json.loads(text) for text in table.column("modelOutput").to_pylist()]
    assert all(len(output["embedding"]) == 256 for output in outputs)
    bodies = sorted(call["body"] for call in local_endpoint.calls)
    assert bodies == sorted(json.dumps({"inputText": text, "dimensions": 256}).encode() for text in TEXTS)


def test_an_empty_batch(call):
    table = call(pyarrow.table({"text": pyarrow.array([], pyarrow.string())}), model_input=embed)
    assert table.num_rows == 0
    assert table.column_names == ["text", "modelOutput", "error"]


def test_a_column_with_structs_text_or_bytes(call, local_endpoint):
    # In a struct, all rows have all members.
    inputs = [{"inputText": "a", "dimensions": None}, {"inputText": "b", "dimensions": 256}]
    assert call(pyarrow.table({"modelInput": inputs})).column("error").to_pylist() == [None, None]
    call(pyarrow.table({"modelInput": ['{"inputText":"c"}']}))
    call(pyarrow.table({"body": [b'{"inputText":"d"}']}), model_input="body")
    bodies = [call["body"] for call in local_endpoint.calls]
    assert sorted(bodies[:2]) == [b'{"inputText": "a"}', b'{"inputText": "b", "dimensions": 256}']
    assert bodies[2:] == [b'{"inputText":"c"}', b'{"inputText":"d"}']


def converse(row):
    return {"messages": [{"role": "user", "content": [{"text": row["text"]}]}], "inferenceConfig": {"maxTokens": 9}}


def test_converse(call, local_endpoint):
    table = call(BATCHES["numpy"], NOVA, operation="Converse", model_input=converse)
    output = json.loads(table.column("modelOutput")[0].as_py())
    assert output["output"]["message"]["role"] == "assistant"
    assert "ResponseMetadata" not in output
    assert {call["operation"] for call in local_endpoint.calls} == {"Converse"}


@pytest.mark.parametrize("operation", ["Converse", "InvokeModel"])
def test_the_text_of_the_output(call, operation):
    table = call(BATCHES["pandas"], NOVA, operation=operation, model_input=converse, output="text")
    texts = table.column("modelOutput").to_pylist()
    assert all(isinstance(text, str) and text and not text.startswith("{") for text in texts), texts


def test_errors_become_a_column(call, local_endpoint):
    local_endpoint.inject({"first": 1, "error": {"code": "ValidationException", "message": "too long"}})
    batch = pyarrow.table({"modelInput": ['{"inputText":"a"}', None, '{"inputText":"b"}']})
    table = call(batch, max_calls_per_actor=1, output_column="out", error_column="failure")
    first, second, third = table.column("failure").to_pylist()
    assert (first["errorCode"], first["retryClass"]) == (400, "rejected")
    assert "too long" in first["errorMessage"]
    assert second == {
        "errorCode": 0,
        "errorMessage": "TypeError: model_input: expected a dict, text or bytes, not NoneType",
        "retryClass": None,
    }
    assert third is None
    assert [output is None for output in table.column("out").to_pylist()] == [True, True, False]


def test_the_columns_of_an_earlier_run_are_replaced(call, local_endpoint):
    local_endpoint.inject({"first": 1, "error": {"code": "ValidationException"}})
    table = call({"text": ["a"]}, model_input=embed)
    table = call(table, model_input=embed)
    assert table.column_names == ["text", "modelOutput", "error"]
    assert table.column("error").to_pylist() == [None]


def test_further_members_of_all_requests(call, local_endpoint):
    call({"text": ["a"]}, model_input=embed, members={"guardrailIdentifier": "g1", "guardrailVersion": "1"})
    assert local_endpoint.calls[0]["headers"]["x-amzn-bedrock-guardrailidentifier"] == "g1"


def test_the_number_of_calls_at_a_time(call, local_endpoint):
    local_endpoint.inject({"delay_ms": 5})
    call({"text": ["a"] * 9}, model_input=embed, max_calls_per_actor=2)
    assert len(local_endpoint.connections) <= 2


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"operation": "ConverseStream"}, ValueError, "operation: expected 'InvokeModel' or 'Converse', not "),
        ({"output": "xml"}, ValueError, "output: expected 'json' or 'text', not 'xml'"),
        ({"model_input": 1}, TypeError, "model_input: expected the name of a column or a function of a row, not int"),
        ({"max_calls_per_actor": 0}, ValueError, "max_calls_per_actor: expected a number of at least 1, not 0"),
        ({"quota_limiter": 1}, TypeError, "quota_limiter: expected a dict with settings, not int"),
        ({"requests_per_minute": 1}, TypeError, "requests_per_minute: write quota_limiter={'requests_per_minute'"),
        ({"timeouts": 1}, TypeError, "'timeouts' is not a setting of a client"),
        ({"model_input": "txt"}, ValueError, "model_input: there is no column 'txt'; the columns are: text"),
    ],
)
def test_mistakes_are_named(call, arguments, error, text):
    with pytest.raises(error, match=f"^{text}"):
        call({"text": ["a"]}, **arguments)


def test_objects_of_this_process_are_refused(local_endpoint):
    with pytest.raises(TypeError, match="^client: expected settings, not an object of Client: each actor creates"):
        InvokeModel(EMBEDDING, client=local_endpoint.client())
    with pytest.raises(TypeError, match="^model_id: expected settings, not an object of AsyncClient"):
        InvokeModel(AsyncClient(**local_endpoint.settings))
    with pytest.raises(TypeError, match="^quota_limiter: expected a dict with settings, not QuotaLimiter"):
        InvokeModel(EMBEDDING, quota_limiter=QuotaLimiter())
