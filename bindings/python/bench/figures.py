"""Measures this package side by side with boto3, and prints the table of `docs/python.md`.

A local endpoint in another process responds to all clients. `cargo xtask python --figures` runs this program.
"""

import argparse
import asyncio
import datetime
import json
import os
import pathlib
import resource
import subprocess
import sys
import sysconfig
import time

MODEL = "us.amazon.nova-lite-v1:0"
CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"
EMBEDDING = "amazon.titan-embed-text-v2:0"
MESSAGES = [{"role": "user", "content": [{"text": "hi"}]}]
STREAM_BODY = json.dumps(
    {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
)
SIZE = 25_000_000
ROOT = pathlib.Path(__file__).parents[3]

SERVER = """
import json, sys
from invoke_model.testing import local_endpoint

with local_endpoint() as endpoint:
    print(json.dumps(endpoint.settings), flush=True)
    for line in sys.stdin:
        if json.loads(line) == "open connections":
            print(sum(connection["is_open"] for connection in endpoint.connections), flush=True)
            continue
        endpoint.clear_faults()
        endpoint.clear()
        if rule := json.loads(line):
            endpoint.inject(rule)
        print("ready", flush=True)
"""


class Server:
    """A local endpoint in another process, so that its work is not measured."""

    def __init__(self, program=SERVER, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.settings = json.loads(self.process.stdout.readline())

    def ask(self, request):
        """Sends a line to the program of the server, and returns the line of its reply."""
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def set(self, rule):
        """Replaces the fault rules."""
        self.ask(rule)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def clients(settings):
    import boto3
    from botocore.config import Config

    import invoke_model
    import invoke_model.boto3

    config = Config(max_pool_connections=200)
    theirs, accelerated = (boto3.client("bedrock-runtime", config=config, **settings) for _ in range(2))
    invoke_model.boto3.accelerate(accelerated)
    return {"invoke_model": invoke_model.Client(**settings), "accelerated": accelerated, "boto3": theirs}


def cpu(work, number):
    """Returns the CPU time of one piece of work in microseconds: the best of five runs."""
    work()
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        for _ in range(number):
            work()
        best = min(best, (time.process_time() - start) / number)
    return best * 1e6


def embed(client):
    return client.invoke_model(modelId=EMBEDDING, body=b"{}")["body"].read()


def chat(client):
    return client.converse(modelId=MODEL, messages=MESSAGES)


def calls(server, measured_clients):
    response = {"embedding": [0.5] * 8, "inputTextTokenCount": 1}
    server.set({"status": 200, "headers": {"content-type": "application/json"}, "body_json": response})
    invoke = {name: cpu(lambda: embed(client), 300) for name, client in measured_clients.items()}
    server.set(None)
    converse = {name: cpu(lambda: chat(client), 300) for name, client in measured_clients.items()}
    return [
        ("CPU of a call of `invoke_model`, in microseconds", invoke, "{:,.0f}"),
        ("CPU of a call of `converse`, in microseconds", converse, "{:,.0f}"),
    ]


def asyncio_calls(server):
    """Returns the CPU time of a call of the asyncio client: one call after the other, and many at the same time."""
    import invoke_model

    response = {"embedding": [0.5] * 8, "inputTextTokenCount": 1}
    server.set({"status": 200, "headers": {"content-type": "application/json"}, "body_json": response})
    number = 64

    async def main():
        client = invoke_model.AsyncClient(**server.settings)

        async def call():
            await (await client.invoke_model(modelId=EMBEDDING, body=b"{}"))["body"].read()

        async def one_after_the_other():
            for _ in range(5 * number):
                await call()

        async def at_the_same_time():
            for _ in range(5):
                await asyncio.gather(*(call() for _ in range(number)))

        found = []
        for work in (one_after_the_other, at_the_same_time):
            await work()
            best = float("inf")
            for _ in range(5):
                start = time.process_time()
                await work()
                best = min(best, (time.process_time() - start) / (5 * number))
            found.append({"invoke_model": best * 1e6})
        return found

    in_turn, together = asyncio.run(main())
    return [
        ("CPU of a call of `invoke_model`, asyncio, in microseconds", in_turn, "{:,.0f}"),
        (f"the same, {number} calls at the same time", together, "{:,.0f}"),
    ]


def streams(server, measured_clients):
    part = {"event": "chunk", "chunk": {"type": "content_block_delta", "delta": {"text": "word"}}}
    delta = {"event": "contentBlockDelta", "payload": {"delta": {"text": "word"}, "contentBlockIndex": 0}}
    number = 5_000
    rows = []
    for title, rule, call, member in (
        (
            "events per second of CPU, `invoke_model_with_response_stream`",
            part,
            lambda client: client.invoke_model_with_response_stream(modelId=CLAUDE, body=STREAM_BODY),
            "body",
        ),
        (
            "events per second of CPU, `converse_stream`",
            delta,
            lambda client: client.converse_stream(modelId=MODEL, messages=MESSAGES),
            "stream",
        ),
    ):
        server.set({"frames": [rule] * number, "headers": {"x-amzn-bedrock-content-type": "application/json"}})
        found = {}
        for name, client in measured_clients.items():

            def read():
                count = sum(1 for _ in call(client)[member])
                assert count == number, count

            found[name] = number / (cpu(read, 1) / 1e6)
        rows.append((title, found, "{:,.0f}"))
    return rows


def concurrency(server):
    import invoke_model

    server.set({"delay_ms": 500})

    async def main():
        client = invoke_model.AsyncClient(**server.settings)
        start = time.perf_counter()
        await asyncio.gather(*(client.converse(modelId=MODEL, messages=MESSAGES) for _ in range(128)))
        return time.perf_counter() - start

    return ("128 calls of 500 ms at the same time, asyncio, in seconds", {"invoke_model": asyncio.run(main())}, "{:.2f}")


CANCEL = """
import asyncio, json, os, sys
import invoke_model

def sockets():
    links = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
    return sum(os.path.lexists(link) and os.readlink(link).startswith("socket:") for link in links)

async def main(settings):
    client = invoke_model.AsyncClient(**settings)
    messages = [{"role": "user", "content": [{"text": "hi"}]}]
    # The first call starts the background thread, which has sockets of its own.
    try:
        await asyncio.wait_for(client.converse(modelId="us.amazon.nova-lite-v1:0", messages=messages), 0.5)
    except TimeoutError:
        await asyncio.sleep(1)
    before = sockets()
    for _ in range(100):
        tasks = [
            asyncio.create_task(client.converse(modelId="us.amazon.nova-lite-v1:0", messages=messages))
            for _ in range(100)
        ]
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for _ in range(100):
        await asyncio.sleep(0.1)
        if sockets() == before:
            break
    print(sockets() - before, flush=True)
    # The parent counts the connections of the endpoint.
    sys.stdin.read()

asyncio.run(main(json.loads(sys.argv[1])))
"""


def cancelled():
    """Returns the number of open connections after 10,000 cancelled tasks, while their client exists.

    Each call has a connection of its own. The endpoint is new, so it has no idle connections of other rows.
    """
    server = Server()
    server.set({"delay_ms": 600_000})
    command = [sys.executable, "-c", CANCEL, json.dumps(server.settings)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        sockets = int(client.stdout.readline())
        accepted = int(server.ask("open connections"))
        client.stdin.close()
    server.stop()
    return [
        ("open connections of the endpoint after 10,000 cancelled tasks", {"invoke_model": accepted}, "{:,}"),
        ("open connections of their client", {"invoke_model": sockets}, "{:,}"),
    ]


INTERRUPT = """
import json, os, signal, sys, threading, time
import invoke_model

settings = json.loads(sys.argv[2])
if sys.argv[1] == "accelerated":
    import boto3
    import invoke_model.boto3
    client = invoke_model.boto3.accelerate(boto3.client("bedrock-runtime", **settings))
else:
    client = invoke_model.Client(**settings)
longest = 0
for _ in range(30):
    def interrupt():
        # The main thread waits for the response by then.
        time.sleep(0.25)
        interrupt.time = time.perf_counter()
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    try:
        client.converse(modelId="us.amazon.nova-lite-v1:0", messages=[{"role": "user", "content": [{"text": "hi"}]}])
    except KeyboardInterrupt:
        longest = max(longest, time.perf_counter() - interrupt.time)
print(longest * 1000)
"""


def interrupts(server):
    """Returns the longest time from Ctrl-C to the exception, in milliseconds."""
    server.set({"delay_ms": 600_000})
    found = {}
    for name in ("invoke_model", "accelerated"):
        command = [sys.executable, "-c", INTERRUPT, name, json.dumps(server.settings)]
        found[name] = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return ("longest of 30 times from Ctrl-C to `KeyboardInterrupt`, in milliseconds", found, "{:,.0f}")


MEMORY = """
import json, sys, tempfile
settings = json.loads(sys.argv[2])
size = int(sys.argv[3])
if sys.argv[1] in ("invoke_model", "asyncio"):
    import invoke_model
    client = invoke_model.Client(**settings)
else:
    import boto3
    client = boto3.client("bedrock-runtime", **settings)
if sys.argv[1] == "accelerated":
    import invoke_model.boto3
    invoke_model.boto3.accelerate(client)

def peak():
    # The maximum memory of this process in MiB. `ru_maxrss` would include the memory of the parent before `exec`.
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024

MODEL = "amazon.titan-embed-text-v2:0"
if sys.argv[1] == "asyncio":
    import asyncio
    client = invoke_model.AsyncClient(**settings)

    async def read(body, *limit):
        return await (await client.invoke_model(modelId=MODEL, body=body))["body"].read(*limit)

    loop = asyncio.new_event_loop()
    call = lambda *arguments: loop.run_until_complete(read(*arguments))
else:
    call = lambda body, *limit: client.invoke_model(modelId=MODEL, body=body)["body"].read(*limit)

call(b"{}", 1)
if sys.argv[4] == "file":
    body = tempfile.TemporaryFile()
    for _ in range(size // 1000):
        body.write(b"x" * 1000)
    body.seek(0)
else:
    body = b"x" * size
before = peak()
data = call(body)
assert len(data) == size, len(data)
print(peak() - before - size / 1048576)
"""


def memory(server):
    server.set({"status": 200, "headers": {"content-type": "application/json"}, "body": "x" * SIZE})

    def measure(body):
        found = {}
        for name in ("invoke_model", "asyncio", "accelerated", "boto3"):
            command = [sys.executable, "-c", MEMORY, name, json.dumps(server.settings), str(SIZE), body]
            found[name] = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        return found

    in_memory, file = measure("bytes"), measure("file")
    return [
        ("25 MB in each direction: memory in addition to one copy of each, in MiB", in_memory, "{:.1f}"),
        ("the same with `AsyncClient`, in MiB", {"invoke_model": in_memory["asyncio"]}, "{:.1f}"),
        ("a file of 25 MB, and a response of 25 MB: memory in addition to the response, in MiB", file, "{:.1f}"),
        ("the same file and response with `AsyncClient`, in MiB", {"invoke_model": file["asyncio"]}, "{:.1f}"),
    ]


def imports():
    """Returns the CPU time of each import, without the start of Python."""

    def seconds(code):
        times = []
        for _ in range(10):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", code], check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return min(times)

    bare = seconds("pass")
    found = {name: (seconds(f"import {name}") - bare) * 1000 for name in ("invoke_model", "boto3")}
    return ("CPU of the import, in milliseconds", found, "{:,.0f}")


def wheel():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "python/wheels"
    wheels = list(target.glob("*.whl"))
    found = {"invoke_model": wheels[0].stat().st_size / 1e6} if wheels else {}
    return ("size of the wheel, in MB", found, "{:.1f}")


def table(rows):
    lines = ["| figure | `invoke_model.Client` | accelerated client of boto3 | boto3 |", "|---|---|---|---|"]
    for title, found, form in rows:
        cells = [title]
        for name in ("invoke_model", "accelerated", "boto3"):
            cell, theirs = (form.format(found[key]) if key in found else "" for key in (name, "boto3"))
            # A factor of numbers that are rounded to zero would be random.
            if name != "boto3" and cell.strip("0.-") and theirs.strip("0.-"):
                values = found[name], found["boto3"]
                cell += f" ({max(values) / min(values):.1f} times)"
            cells.append(cell)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machine():
    """Returns the date, the processor and the version of Python."""
    names = [line.partition(":")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    version = sysconfig.get_python_version()
    return f"{datetime.date.today()}: {names[0] if names else 'unknown processor'}, {os.cpu_count()} CPUs; Python {version}."


def write(name, text):
    """Replaces the table of this name in the documentation."""
    page = ROOT / "docs/python.md"
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, rest = page.read_text().split(start)
    page.write_text(before + start + text + "\n" + end + rest.split(end)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/python.md")
    arguments = parser.parse_args()
    server = Server()
    measured_clients = clients(server.settings)
    rows = [*calls(server, measured_clients), *asyncio_calls(server), *streams(server, measured_clients), concurrency(server)]
    rows += [*cancelled(), interrupts(server), *memory(server), imports(), wheel()]
    server.stop()
    text = f"{table(rows)}\n\n{machine()}"
    print(text)
    if arguments.write:
        write("figures", text)


if __name__ == "__main__":
    main()
