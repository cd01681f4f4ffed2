"""Makes calls with all clients of this package for a number of minutes, and checks that nothing is left behind.

A local endpoint in another process injects faults. `cargo xtask python --soak` runs this program. The program fails in
these cases:

* a call raises an exception that is not one of the documented exceptions, or returns a wrong result;
* the endpoint executed fewer calls than succeeded;
* a worker makes no progress for a long time;
* memory grew by more than `MAX_GROWTH`;
* a file descriptor, a thread or a connection remains at the end.
"""

import argparse
import asyncio
import collections
import faulthandler
import gc
import json
import os
import random
import sys
import threading
import time

import boto3
import botocore.exceptions
import httpx
import urllib3.exceptions
from botocore.config import Config
from botocore.eventstream import ParserError
from botocore.parsers import ResponseParserError
from figures import CLAUDE, EMBEDDING, MODEL, STREAM_BODY, Server, machine, write

import invoke_model
import invoke_model.boto3
import invoke_model.httpx

SERVER = """
import json, sys
from invoke_model.testing import local_endpoint

with local_endpoint(faults=json.loads(sys.argv[1])) as endpoint:
    print(json.dumps(endpoint.settings), flush=True)
    for _ in sys.stdin:
        is_open = [connection["is_open"] for connection in endpoint.connections]
        print(json.dumps({**endpoint.stats, "open": sum(is_open)}), flush=True)
"""

#: The fault rules. Each has a different prime number as period, so the combinations of faults vary.
RULES = [
    {"every": 211, "break": {"at": "accept", "by": "reset"}},
    {"every": 223, "break": {"at": {"request_bytes": 50}, "by": "close"}},
    {"every": 17, "error": {"code": "ThrottlingException"}, "retry_after": {"milliseconds": 1}},
    {"every": 23, "error": {"code": "ServiceUnavailableException"}},
    {"every": 29, "error": {"code": "InternalServerException"}},
    {"every": 31, "status": 502, "body": "<html>"},
    {"every": 37, "garbage": "?\r\n\r\n"},
    {"every": 41, "break": {"at": "request", "by": "close"}},
    {"every": 43, "break": {"at": {"response_bytes": 0}, "by": "reset"}},
    {"every": 47, "break": {"at": {"body_bytes": 20}, "by": "close"}},
    {"every": 53, "break": {"at": "last_chunk", "by": "close"}},
    {"every": 59, "operation": "InvokeModel", "content_length": 99_999},
    {"every": 61, "drip": {"bytes": 40, "every_ms": 1}},
    {"every": 67, "operation": "ConverseStream", "break_stream": {"after_events": 2, "by": "wrong_checksum"}},
    {"every": 71, "operation": "ConverseStream", "break_stream": {"after_events": 3, "by": {"truncate": 30}}},
    {
        "every": 73,
        "operation": "ConverseStream",
        "break_stream": {"after_events": 1, "by": {"error": {"code": "ModelStreamErrorException"}}},
    },
    {"every": 997, "break": {"at": "request", "by": "stall"}},
    {"every": 991, "break": {"at": {"body_bytes": 20}, "by": "stall"}},
]

#: The maximum growth of memory after the warm-up, in MiB.
MAX_GROWTH = 8
#: The maximum time of the warm-up in seconds. On a busy machine, memory grows for several minutes.
WARM_UP = 600
#: The time without progress of a worker after which the program fails, in seconds.
PATIENCE = 180
#: The time limit of a call in seconds. Faults at which the endpoint stalls need it.
TIMEOUT = 2
#: The number of tasks of an event loop.
TASKS = 12

#: The exceptions that a fault may cause. `ParserError` and the exceptions of urllib3 are raised by the streams of boto3.
EXPECTED = (
    botocore.exceptions.BotoCoreError,
    botocore.exceptions.ClientError,
    ParserError,
    ResponseParserError,
    httpx.TransportError,
    urllib3.exceptions.HTTPError,
)


class Failure(Exception):
    """A wrong result."""


def check(found, expected):
    if found != expected:
        raise Failure(f"expected {expected!r}, found {found!r}")


def conversation(number):
    """Returns the arguments of a call, and the text of its response."""
    text = f"call {number}"
    return {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": text}]}]}, f"You said: {text}"


def delta(event):
    return event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")


class Tally:
    """The outcomes of calls, and the time of the last outcome of each worker."""

    def __init__(self):
        self.lock = threading.Lock()
        self.outcomes = collections.Counter()
        self.progress = {}
        self.failures = []
        self.random = random.Random(1)

    def number(self):
        with self.lock:
            return self.random.getrandbits(48)

    def add(self, worker, outcome):
        with self.lock:
            self.outcomes[outcome] += 1
            self.progress[worker] = time.monotonic()

    def fail(self, worker, error):
        with self.lock:
            self.failures.append(f"{worker}: {type(error).__name__}: {error}")

    def end(self, worker):
        with self.lock:
            self.progress.pop(worker, None)

    def stuck(self):
        """Returns the workers without progress."""
        with self.lock:
            limit = time.monotonic() - PATIENCE
            return [worker for worker, last in self.progress.items() if last < limit]


def converse(client, number):
    arguments, expected = conversation(number)
    check(client.converse(**arguments)["output"]["message"]["content"][0]["text"], expected)


def embed(client, number):
    body = json.dumps({"inputText": f"call {number}"})
    response = client.invoke_model(modelId=EMBEDDING, body=body)
    if number % 4 == 0:
        response["body"].close()
        return "closed"
    check(len(json.loads(response["body"].read())["embedding"]), 1024)


def stream(client, number):
    arguments, expected = conversation(number)
    events = client.converse_stream(**arguments)["stream"]
    end = number % 3
    if end == 0:
        check("".join(map(delta, events)), expected)
        return "success"
    next(iter(events))
    # The other streams are closed, or only dropped.
    if end == 1:
        events.close()
    return "closed"


def model_stream(client, number):
    parts = client.invoke_model_with_response_stream(modelId=CLAUDE, body=STREAM_BODY)["body"]
    parts = [json.loads(part["chunk"]["bytes"]) for part in parts]
    text = "".join(part["delta"]["text"] for part in parts if part["type"] == "content_block_delta")
    check(text, "You said: hi")


def post(http, number):
    """Sends a request of httpx through our transport."""
    response = http.post(f"/model/{EMBEDDING}/invoke", json={"inputText": f"call {number}"})
    if response.status_code >= 400:
        return f"status {response.status_code}"
    check(len(response.json()["embedding"]), 1024)


def outcome_of(error):
    code = getattr(error, "response", None)
    code = f" {code['Error']['Code']}" if isinstance(code, dict) else ""
    return type(error).__name__ + code


def work(tally, worker, deadline, client, actions):
    """Makes synchronous calls until the deadline."""
    while time.monotonic() < deadline and not tally.failures:
        number = tally.number()
        try:
            outcome = actions[number % len(actions)](client, number // len(actions)) or "success"
        except EXPECTED as error:
            outcome = outcome_of(error)
        except BaseException as error:
            tally.fail(worker, error)
            break
        tally.add(worker, outcome)
    tally.end(worker)


async def converse_in_task(client, number):
    arguments, expected = conversation(number)
    check((await client.converse(**arguments))["output"]["message"]["content"][0]["text"], expected)


async def embed_in_task(client, number):
    response = await client.invoke_model(modelId=EMBEDDING, body=json.dumps({"inputText": f"call {number}"}))
    check(len(json.loads(await response["body"].read())["embedding"]), 1024)


async def stream_in_task(client, number):
    arguments, expected = conversation(number)
    events = (await client.converse_stream(**arguments))["stream"]
    if number % 4 == 0:
        async for _ in events:
            break
        # Some streams are closed, others are only dropped.
        if number % 8 == 0:
            events.close()
        return "closed"
    check("".join([delta(event) async for event in events]), expected)


async def task_work(tally, worker, deadline, client):
    """Makes asyncio calls until the deadline, and cancels a quarter of them after a random number of turns."""
    actions = (converse_in_task, embed_in_task, stream_in_task)
    while time.monotonic() < deadline and not tally.failures:
        number = tally.number()
        task = asyncio.create_task(actions[number % 3](client, number // 3))
        if number // 16 % 4 == 0:
            for _ in range(number // 64 % 40):
                await asyncio.sleep(0)
            task.cancel()
        try:
            outcome = await task or "success"
        except EXPECTED as error:
            outcome = outcome_of(error)
        except asyncio.CancelledError:
            outcome = "cancelled"
        except BaseException as error:
            tally.fail(worker, error)
            break
        tally.add(worker, outcome)
    tally.end(worker)


def loop_work(tally, worker, deadline, client):
    async def main():
        tasks = (task_work(tally, f"{worker} {number}", deadline, client) for number in range(TASKS))
        await asyncio.gather(*tasks)

    asyncio.run(main())


class Clients:
    """All clients of the package."""

    def __init__(self, settings):
        shared = {**settings, "read_timeout": TIMEOUT, "max_backoff": 0.05}
        self.sync = invoke_model.Client(**shared)
        self.aio = [invoke_model.AsyncClient(http_version=version, **shared) for version in ("1.1", "2")]
        retries = {"total_max_attempts": 2, "mode": "standard"}
        config = Config(read_timeout=TIMEOUT, retries=retries, max_pool_connections=20)
        self.boto3 = boto3.client("bedrock-runtime", config=config, **settings)
        invoke_model.boto3.accelerate(self.boto3)
        keys = {name: value for name, value in settings.items() if name != "endpoint_url"}
        transport = invoke_model.httpx.Transport(auth=invoke_model.httpx.SigV4Auth(**keys))
        self.http = httpx.Client(base_url=settings["endpoint_url"], transport=transport, timeout=TIMEOUT)

    def threads(self, tally, deadline):
        """Returns the threads of all workers."""
        actions = (converse, embed, stream, model_stream)
        workers = [(f"sync {number}", work, self.sync, actions) for number in range(3)]
        workers += [(f"boto3 {number}", work, self.boto3, actions) for number in range(2)]
        workers += [("httpx", work, self.http, (post,))]
        workers += [(f"asyncio {number}", loop_work, client) for number, client in enumerate(self.aio)]
        for name, target, *arguments in workers:
            yield threading.Thread(target=target, args=(tally, name, deadline, *arguments), daemon=True)

    def close(self):
        self.sync.close()
        self.boto3.close()
        self.http.close()
        for client in self.aio:
            asyncio.run(client.close())


def run(clients, tally, seconds):
    """Makes calls for a time. Ends the process if a worker makes no progress."""
    threads = list(clients.threads(tally, time.monotonic() + seconds))
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(1)
        if stuck := tally.stuck():
            faulthandler.dump_traceback(all_threads=True)
            print(f"no progress for {PATIENCE} seconds: {', '.join(stuck)}", file=sys.stderr, flush=True)
            os._exit(1)
    if tally.failures:
        sys.exit("\n".join(tally.failures))


class Usage:
    """The resources that this process uses."""

    def __init__(self):
        gc.collect()
        with open("/proc/self/status") as file:
            status = dict(line.split(":\t", 1) for line in file)
        self.memory = int(status["VmRSS"].split()[0]) / 1024
        self.threads = int(status["Threads"])
        self.files = len(os.listdir("/proc/self/fd"))


def usage_after_close(server, expected):
    """Waits until all connections are closed. Gives up after some seconds."""
    for _ in range(200):
        usage, stats = Usage(), json.loads(server.ask(None))
        if stats["open"] == 0 and expected is not None and usage.files <= expected.files:
            break
        time.sleep(0.05)
    return usage, stats


def table(minutes, tally, before, warm, after, end, stats):
    calls = sum(tally.outcomes.values())
    succeeded, cancelled = tally.outcomes["success"], tally.outcomes["cancelled"] + tally.outcomes["closed"]
    rows = [
        (f"calls in {minutes:g} minutes", f"{calls:,}"),
        ("cancelled, or closed before the end", f"{cancelled:,}"),
        ("failed because of an injected fault, or of a timeout", f"{calls - succeeded - cancelled:,}"),
        ("failed otherwise, or without an outcome", "0"),
        ("memory after the warm-up, and at the end, in MiB", f"{warm.memory:.1f}, {after.memory:.1f}"),
        ("file descriptors without clients, before and after the test", f"{before.files}, {end.files}"),
        ("threads without clients, before and after the test", f"{before.threads}, {end.threads}"),
        ("connections of the endpoint: accepted, and open at the end", f"{stats['connections']:,}, {stats['open']}"),
    ]
    lines = ["| soak test | |", "|---|---|", *(f"| {title} | {value} |" for title, value in rows)]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", type=float, help="the duration of the test after the warm-up")
    parser.add_argument("--write", action="store_true", help="write the table into docs/python.md")
    arguments = parser.parse_args()
    faulthandler.enable()
    server = Server(SERVER, json.dumps(RULES))
    # The first calls start the background thread and import modules.
    clients = Clients(server.settings)
    run(clients, Tally(), 1)
    clients.close()
    before, _ = usage_after_close(server, None)

    clients, tally = Clients(server.settings), Tally()
    run(clients, tally, min(arguments.minutes * 60 / 3, WARM_UP))
    warm = Usage()
    tally.outcomes.clear()
    executed = json.loads(server.ask(None))["worked_on"]
    run(clients, tally, arguments.minutes * 60)
    after = Usage()
    clients.close()
    del clients
    end, stats = usage_after_close(server, before)
    server.stop()

    for outcome, count in tally.outcomes.most_common():
        print(f"{count:>9,}  {outcome}")
    text = table(arguments.minutes, tally, before, warm, after, end, stats)
    text += f"\n\n{machine()}"
    print(text)
    problems = []
    if stats["worked_on"] - executed < tally.outcomes["success"]:
        problems.append("the endpoint must have executed every call that has succeeded")
    if after.memory > warm.memory + MAX_GROWTH:
        problems.append(f"memory grew by more than {MAX_GROWTH} MiB")
    if (end.files, end.threads, stats["open"]) != (before.files, before.threads, 0):
        problems.append("no file descriptor, thread or connection may remain")
    if problems:
        sys.exit("\n".join(problems))
    if arguments.write:
        write("soak", text)


if __name__ == "__main__":
    main()
