"""Forks while threads make calls: each process uses its own connections, and no process hangs."""

import collections
import json

import pytest
from test_process import python

pytest.importorskip("boto3")

PROGRAM = """
import asyncio
import faulthandler
import json
import multiprocessing
import os
import queue
import signal
import sys
import threading

import boto3

import invoke_model
import invoke_model.boto3

# The number of forks of each kind.
FORKS, PROCESSES, ROUNDS, WORKERS = 16, 16, 2, 4
# The number of calls of a thread that begin together with a fork.
CALLS = 8
# The time in seconds after which a child that hangs prints the stacks of its threads, and is terminated.
WATCHDOG = 240
# `dump_traceback_later` would hang in a child, because it waits for a thread that exists only in the parent.
faulthandler.register(signal.SIGALRM, chain=True)
signal.alarm(2 * WATCHDOG)


class Clients:
    def __init__(self, settings):
        self.sync = invoke_model.Client(**settings)
        self.aio = invoke_model.AsyncClient(**settings)
        self.boto3 = invoke_model.boto3.accelerate(boto3.client("bedrock-runtime", **settings))

    def chat(self, client):
        check(client.converse(**arguments())["output"]["message"]["content"][0]["text"])

    def stream(self, client):
        check("".join(map(delta, client.converse_stream(**arguments())["stream"])))

    async def tasks(self):
        async def stream():
            response = await self.aio.converse_stream(**arguments())
            check("".join([delta(event) async for event in response["stream"]]))

        async def chat():
            response = await self.aio.converse(**arguments())
            check(response["output"]["message"]["content"][0]["text"])

        await asyncio.gather(chat(), stream(), chat())

    def actions(self):
        yield lambda: self.chat(self.sync)
        yield lambda: self.stream(self.sync)
        yield lambda: self.chat(self.boto3)
        yield lambda: self.stream(self.boto3)
        yield lambda: asyncio.run(self.tasks())


def arguments():
    # Each call contains the id of its process.
    messages = [{"role": "user", "content": [{"text": str(os.getpid())}]}]
    return {"modelId": "us.amazon.nova-lite-v1:0", "messages": messages}


def check(text):
    assert text == f"You said: {os.getpid()}", text


def delta(event):
    return event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")


def child():
    signal.alarm(WATCHDOG)
    for clients in inherited, Clients(settings):
        for action in clients.actions():
            action()


def worker():
    # A worker of a server that has created its clients before the fork. Its threads share the inherited clients.
    signal.alarm(WATCHDOG)
    threads = [threading.Thread(target=collect, args=(action,)) for action in inherited.actions()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def collect(action):
    try:
        action()
    except Exception as error:
        failures.append(repr(error))


def fork(work):
    pid = os.fork()
    if pid == 0:
        work()
        # The interpreter of the child ends as that of any program.
        sys.exit(0)
    return pid


def calls_of_the_parent(action, permits):
    while permits.get():
        collect(action)


settings, failures, status = json.loads(sys.argv[1]), [], []
inherited = Clients(settings)
actions = list(inherited.actions())
for action in actions:
    action()
permits = [queue.SimpleQueue() for _ in actions]
threads = [threading.Thread(target=calls_of_the_parent, args=pair) for pair in zip(actions, permits)]
for thread in threads:
    thread.start()


def begin_calls():
    for _ in range(CALLS):
        for each in permits:
            each.put(True)


def wait(pids):
    status.extend(os.waitpid(pid, 0)[1] for pid in pids)


for _ in range(FORKS):
    begin_calls()
    wait([fork(child)])
context = multiprocessing.get_context("fork")
for _ in range(PROCESSES // WORKERS):
    processes = [context.Process(target=child) for _ in range(WORKERS)]
    for process in processes:
        begin_calls()
        process.start()
    for process in processes:
        process.join()
        status.append(process.exitcode)
for _ in range(ROUNDS):
    pids = []
    for _ in range(WORKERS):
        begin_calls()
        pids.append(fork(worker))
    wait(pids)
for each in permits:
    each.put(False)
for thread in threads:
    thread.join()
print(json.dumps({"parent": os.getpid(), "status": status, "failures": failures}))
"""


def text_of(call):
    return json.loads(call["body"])["messages"][0]["content"][0]["text"]


def test_forks_under_load(local_endpoint):
    result = json.loads(python(PROGRAM, json.dumps(local_endpoint.settings), timeout=900))
    assert result["failures"] == []
    assert result["status"] == [0] * 40
    calls = local_endpoint.calls
    assert all(call["status"] == 200 and call["response_complete"] for call in calls)
    processes = collections.defaultdict(set)
    for call in calls:
        processes[call["connection_id"]].add(text_of(call))
    # No connection carried the calls of two processes.
    assert {len(pids) for pids in processes.values()} == {1}
    made = collections.Counter(map(text_of, calls))
    assert len(made) == 41
    # The clients of a process make 7 calls at a time.
    assert made.pop(str(result["parent"])) == 7 + 7 * 8 * 40
    # The workers of a server make no calls with new clients.
    assert sorted(made.values()) == [7] * 8 + [14] * 32
