"""Bulk runs that continue: after a kill, after Ctrl-C, and as a run of the command."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import EMBEDDING

#: The first ten calls are fast. All others wait longer than the test.
SLOW_AFTER_TEN = {"rules": [{"first": 10, "worked_on": True}, {"delay_ms": 600_000}]}

RUN = """
import json, sys
import invoke_model

settings, journal = json.loads(sys.argv[1]), sys.argv[2]
client = invoke_model.Client(**settings)
records = ({"recordId": str(number), "modelInput": {"inputText": f"text {number}"}} for number in range(40))
for result in client.bulk(records, modelId=sys.argv[3], journal=journal, max_concurrency=4):
    print(result["recordId"], flush=True)
"""


def records(count=40):
    return ({"recordId": str(number), "modelInput": {"inputText": f"text {number}"}} for number in range(count))


def start(endpoint, code, journal):
    command = [sys.executable, "-c", code, json.dumps(endpoint.settings), str(journal), EMBEDDING]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_requests(endpoint, number):
    while endpoint.stats["requests"] < number:
        time.sleep(0.01)


def test_a_killed_run_continues(local_endpoint, client, tmp_path):
    journal = tmp_path / "results" / "journal.jsonl"
    local_endpoint.inject(SLOW_AFTER_TEN)
    process = start(local_endpoint, RUN, journal)
    assert [process.stdout.readline() for _ in range(10)] == [f"{number}\n" for number in range(10)]
    wait_for_requests(local_endpoint, 14)
    process.kill()
    process.communicate()
    local_endpoint.clear_faults()

    run = client.bulk(records(), modelId=EMBEDDING, journal=journal, max_concurrency=4)
    results = list(run)
    assert [result["recordId"] for result in results] == [str(number) for number in range(40)]
    assert [result["recordId"] for result in results if "error" in result] == ["10", "11", "12", "13"]
    assert "may have executed and billed it" in results[10]["error"]["errorMessage"]
    assert run.summary["ambiguous"] == 4
    assert local_endpoint.stats["requests"] == 40, "no record is sent twice"
    results = list(client.bulk(records(), modelId=EMBEDDING, journal=journal, retry_ambiguous=True))
    assert all("modelOutput" in result for result in results)
    assert local_endpoint.stats["requests"] == 44


INTERRUPTED = """
import os, signal
def interrupted():
    for number, record in enumerate(records):
        if number == 9:
            os.kill(os.getpid(), signal.SIGINT)
        yield record
"""


def test_ctrl_c_waits_for_the_calls_in_flight(local_endpoint, client, tmp_path):
    journal = tmp_path / "journal.jsonl"
    code = RUN.replace("for result in", INTERRUPTED + "for result in").replace("bulk(records", "bulk(interrupted()")
    process = start(local_endpoint, code, journal)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in errors
    assert f"to continue, call `bulk` again with the same records and journal='{journal}'" in errors
    requests = local_endpoint.stats["requests"]
    assert requests <= 10
    run = client.bulk(records(), modelId=EMBEDDING, journal=journal)
    assert all("modelOutput" in result for result in run)
    assert run.summary["calls"] == 40 - requests, "the results in flight are in the journal"


CANCELLED = """
import logging
class Again(logging.Handler):
    def emit(self, record):
        print(record.getMessage(), flush=True)
        os.kill(os.getpid(), signal.SIGINT)
logging.getLogger("invoke_model").addHandler(Again())
"""


def test_a_second_ctrl_c_cancels_the_calls(local_endpoint, client, tmp_path):
    journal = tmp_path / "journal.jsonl"
    local_endpoint.inject(SLOW_AFTER_TEN)
    code = RUN.replace("records = (", "import os, signal\n" + CANCELLED + "\nrecords = (")
    process = start(local_endpoint, code, journal)
    for _ in range(10):
        process.stdout.readline()
    wait_for_requests(local_endpoint, 14)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert output == "bulk: stopping: waiting for 4 calls; Ctrl-C again cancels them\n"
    assert process.returncode == -signal.SIGINT and "10 of " in errors
    local_endpoint.clear_faults()
    run = client.bulk(records(), modelId=EMBEDDING, journal=journal)
    assert len(list(run)) == 40
    assert run.summary["ambiguous"] == 4


def test_a_program_that_ends_waits_for_the_calls_in_flight(local_endpoint, client, tmp_path):
    journal = tmp_path / "journal.jsonl"
    local_endpoint.inject({"first": 20, "delay_ms": 100})
    process = start(local_endpoint, RUN + "    break\n", journal)
    assert process.communicate(timeout=60)[0] == "0\n"
    requests = local_endpoint.stats["requests"]
    run = client.bulk(records(), modelId=EMBEDDING, journal=journal)
    assert all("modelOutput" in result for result in run)
    assert run.summary["calls"] == 40 - requests


def test_the_command_continues_the_run_and_python_that_of_the_command(local_endpoint, client, tmp_path):
    settings = local_endpoint.settings
    environment = {
        **os.environ,
        "AWS_REGION": settings["region_name"],
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": settings["endpoint_url"],
        "AWS_ACCESS_KEY_ID": settings["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": settings["aws_secret_access_key"],
    }
    journal = tmp_path / "results" / "journal.jsonl"
    assert len(list(client.bulk(records(10), modelId=EMBEDDING, journal=journal))) == 10

    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records(30)))
    command = [sys.executable, "-m", "invoke_model", "bulk", "-m", EMBEDDING, str(path), str(journal.parent)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert len(local_endpoint.calls) == 30
    lines = (journal.parent / "records.jsonl.out").read_text().splitlines()

    results = list(client.bulk(records(), modelId=EMBEDDING, journal=journal))
    assert len(local_endpoint.calls) == 40
    assert results[:30] == [json.loads(line) for line in lines]
    assert list(client.bulk(path, modelId=EMBEDDING, journal=journal)) == results[:30]
    assert len(local_endpoint.calls) == 40


def test_a_journal_of_another_run_is_refused(local_endpoint, client, tmp_path):
    journal = tmp_path / "journal.jsonl"
    list(client.bulk(records(3), modelId=EMBEDDING, journal=journal))
    with pytest.raises(ValueError, match="run with the model `amazon.titan-embed-text-v2:0`, not `other`"):
        client.bulk(records(3), modelId="other", journal=journal)
    other = [{"modelInput": {"inputText": "other"}}]
    with pytest.raises(ValueError, match="3 records that are not in the input"):
        list(client.bulk(other, modelId=EMBEDDING, journal=journal))
    assert len(local_endpoint.calls) == 3
    with client.bulk(records(3), modelId=EMBEDDING, journal=journal):
        with pytest.raises(ValueError, match="another run uses"):
            client.bulk(records(3), modelId=EMBEDDING, journal=journal)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        client.bulk([], modelId=EMBEDDING, journal=tmp_path / "folder")


def test_errors_are_sent_again_on_request(local_endpoint, client, tmp_path):
    journal = tmp_path / "journal.jsonl"
    local_endpoint.inject({"first": 2, "error": {"code": "ValidationException", "message": "no"}})
    settings = {"modelId": EMBEDDING, "journal": journal, "max_concurrency": 1}
    results = list(client.bulk(records(4), **settings))
    assert [result.get("error", {}).get("errorCode") for result in results] == [400, 400, None, None]
    assert list(client.bulk(records(4), **settings)) == results
    assert all("modelOutput" in result for result in client.bulk(records(4), retry_errors=True, **settings))
    assert len(local_endpoint.calls) == 6
