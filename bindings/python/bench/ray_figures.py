"""Measures `invoke_model.ray` in a local cluster of four actors. Prints the rows of the table of `docs/ray.md`.

`cargo xtask ray --figures` runs this program. The numbers of calls and tokens are those in the log of the local endpoint.
"""

import datetime
import json
import os
import pathlib
import signal
import sys
import tempfile
import threading
import time
import uuid

import ray

from invoke_model.ray import InvokeModel
from invoke_model.testing import local_endpoint

sys.path.append(str(pathlib.Path(__file__).parents[1] / "tests"))
import redis_server  # noqa: E402

EMBEDDING = "amazon.titan-embed-text-v2:0"
ACTORS = 4


class Input:
    """The input of a row. Rows whose number is in `kills` end their actor once, shortly afterwards, as if its machine
    failed.
    """

    def __init__(self, folder, kills=()):
        self.folder = folder
        self.kills = frozenset(kills)

    def __call__(self, row):
        if row["id"] in self.kills:
            try:
                (self.folder / str(row["id"])).touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return {"inputText": f"text {row['id']}", "dimensions": 256}


def run(endpoint, count, model_input, quota_limiter=None):
    """Calls the model for `count` rows. Returns the seconds. Fails if a row is missing, occurs twice or has an error."""
    endpoint.clear()
    blocks = max(8, count // 100)
    dataset = ray.data.from_items([{"id": n} for n in range(count)], override_num_blocks=blocks)
    arguments = {"model_id": EMBEDDING, "model_input": model_input, "quota_limiter": quota_limiter, **endpoint.settings}
    actors = ray.data.ActorPoolStrategy(size=ACTORS)
    mapped = dataset.map_batches(
        InvokeModel, fn_constructor_kwargs=arguments, batch_size=25, num_cpus=0.5, compute=actors
    )
    start = time.monotonic()
    rows = mapped.take_all()
    seconds = time.monotonic() - start
    assert sorted(row["id"] for row in rows) == list(range(count)), "a row is missing, or occurs twice"
    errors = [row["error"] for row in rows if row["error"] is not None or row["modelOutput"] is None]
    assert not errors, errors[:3]
    return seconds


def repeated(endpoint, count):
    """Returns the number of repeated calls. Fails if a row has no call."""
    texts = [json.loads(call["body"])["inputText"] for call in endpoint.calls]
    assert len(set(texts)) == count
    return len(texts) - count


def most_in_a_minute(endpoint):
    """Returns the largest numbers of requests and tokens in any 60 seconds."""
    calls = sorted((datetime.datetime.fromisoformat(call["time"]), call["input_tokens"]) for call in endpoint.calls)
    most_requests = most_tokens = tokens = start = 0
    for end, (at, used) in enumerate(calls):
        tokens += used
        while calls[start][0] <= at - datetime.timedelta(seconds=60):
            tokens -= calls[start][1]
            start += 1
        most_requests = max(most_requests, end + 1 - start)
        most_tokens = max(most_tokens, tokens)
    return most_requests, most_tokens


def limits(**limits):
    """Returns the settings of a limiter. Each has its own key, so the minute of a figure does not affect the next."""
    return {"keys": {uuid.uuid4().hex: limits}}


def requests_of_a_minute(endpoint, folder):
    killed = 700
    quotas = limits(requests_per_minute=600, max_concurrency=40)
    seconds = run(endpoint, 1_500, Input(folder, [killed]), quotas)
    most, calls = most_in_a_minute(endpoint)[0], len(endpoint.calls)
    assert most <= 600, most
    return (
        "1500 rows, 600 requests a minute, an actor killed (SIGKILL) during the run",
        "at most 600 requests in any 60 s at the endpoint, each row once",
        f"{most} requests; each row once, {calls} calls; {seconds:.0f} s",
    )


def tokens_of_a_minute(endpoint, folder):
    limit = 2_400
    seconds = run(endpoint, 1_500, Input(folder), limits(tokens_per_minute=limit))
    requests, tokens = most_in_a_minute(endpoint)
    assert tokens <= limit, tokens
    return (
        f"1500 rows, {limit} tokens a minute",
        f"at most {limit} tokens in any 60 s at the endpoint",
        f"{tokens} tokens, {requests} requests; {seconds:.0f} s",
    )


def requests_with_redis(endpoint, folder):
    if redis_server.program() is None:
        raise SystemExit("install redis-server or valkey-server")
    with redis_server.running(folder) as url:
        # The server has no earlier requests, so there is no reason to wait.
        store = {"url": url, "wait_after_server_start": False, "timeout": 10}
        seconds = run(endpoint, 1_500, Input(folder), {"requests_per_minute": 600, "store": store})
    most = most_in_a_minute(endpoint)[0]
    assert most <= 600, most
    return (
        "1500 rows, 600 requests a minute, counted by a Redis server",
        "at most 600 requests in any 60 s at the endpoint",
        f"{most} requests; {seconds:.0f} s",
    )


def kills(endpoint, folder):
    count, numbers = 5_000, range(450, 5_000, 950)
    endpoint.inject({"delay_ms": 20})
    seconds = run(endpoint, count, Input(folder, numbers), limits(requests_per_minute=1_000_000))
    endpoint.clear_faults()
    return (
        f"{count} rows in blocks of 100, {len(numbers)} actors killed (SIGKILL)",
        "each row once in the result",
        f"each row once, {repeated(endpoint, count)} calls repeated; {seconds:.0f} s",
    )


def main():
    settings = {"object_store_memory": 100_000_000, "include_dashboard": False, "log_to_driver": False}
    ray.init("local", num_cpus=4, logging_level="ERROR", **settings)
    ray.data.DataContext.get_current().enable_progress_bars = False
    figures = (kills, requests_of_a_minute, tokens_of_a_minute, requests_with_redis)
    with local_endpoint() as endpoint:
        for figure in figures:
            with tempfile.TemporaryDirectory() as folder:
                print("|", " | ".join(figure(endpoint, pathlib.Path(folder))), "|", flush=True)
    ray.shutdown()


if __name__ == "__main__":
    main()
