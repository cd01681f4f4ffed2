"""Runs a web application with gunicorn, which creates the clients of the application before it forks its workers."""

import http.client
import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

APPLICATION = """
import json
import multiprocessing
import os

import boto3

import invoke_model.boto3

settings = json.loads(os.environ["SETTINGS"])
clients = [
    invoke_model.Client(**settings),
    invoke_model.boto3.accelerate(boto3.client("bedrock-runtime", **settings)),
]
# A synchronous worker processes one request at a time. No worker responds before both workers have a request.
barrier = multiprocessing.get_context("fork").Barrier(2)


def call(client):
    messages = [{"role": "user", "content": [{"text": str(os.getpid())}]}]
    response = client.converse(modelId="us.amazon.nova-lite-v1:0", messages=messages)
    return response["output"]["message"]["content"][0]["text"]


def application(environment, start_response):
    barrier.wait(60)
    texts = json.dumps([os.getpid(), *map(call, clients)]).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(texts)))])
    return [texts]


# The clients have open connections when gunicorn forks the workers.
for client in clients:
    call(client)
"""
OPTIONS = ["--preload", "--worker-class", "sync", "--workers", "2", "--no-control-socket", "--log-level", "debug"]


def get(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", "/")
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def test_the_workers_use_the_clients_of_the_parent(local_endpoint, tmp_path):
    (tmp_path / "application.py").write_text(APPLICATION)
    environment = {**os.environ, "SETTINGS": json.dumps(local_endpoint.settings)}
    with socket.create_server(("127.0.0.1", 0)) as server, (tmp_path / "log").open("w+") as log:
        bind = ["--bind", f"fd://{server.fileno()}", "--chdir", str(tmp_path)]
        command = [sys.executable, "-m", "gunicorn", *OPTIONS, *bind, "application"]
        gunicorn = subprocess.Popen(command, env=environment, pass_fds=[server.fileno()], stdout=log, stderr=log)
        try:
            # The listening socket exists, so the requests wait for the workers.
            with ThreadPoolExecutor(2) as pool:
                responses = list(pool.map(get, [server.getsockname()[1]] * 2))
        finally:
            gunicorn.terminate()
            status = gunicorn.wait(60)
            log.seek(0)
            text = log.read()
    assert status == 0, text
    assert [status for status, _ in responses] == [200, 200], text
    pids = {pid for _, (pid, *_) in responses}
    assert len(pids) == 2 and gunicorn.pid not in pids
    for _, (pid, *texts) in responses:
        assert texts == [f"You said: {pid}"] * 2
    calls = local_endpoint.calls
    assert len(calls) == 6
    # Each process has its own connections.
    assert len({call["connection_id"] for call in calls}) == 6
