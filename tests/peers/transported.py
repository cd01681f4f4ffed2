"""Runs a program whose LiteLLM sends its requests through `Transport` and `AsyncTransport` of `invoke_model.httpx`.

usage: transported.py PACKAGE PROGRAM ARGUMENT..

PACKAGE is the folder of the Python package `invoke_model`, which is not installed in this environment.
"""

import pathlib
import runpy
import sys

import litellm
from accelerated import load
from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler


def main(package, program, arguments):
    load(pathlib.Path(package))
    from invoke_model.httpx import AsyncTransport, Transport

    sent = set()

    class Observed(Transport):
        def handle_request(self, request):
            sent.add("sync")
            return super().handle_request(request)

    class AsyncObserved(AsyncTransport):
        async def handle_async_request(self, request):
            sent.add("asyncio")
            return await super().handle_async_request(request)

    litellm.sync_transport = Observed()
    # LiteLLM has no setting for the transport of its asynchronous clients.
    AsyncHTTPHandler.create_async_transport = staticmethod(lambda **_: AsyncObserved())
    sys.argv = [program, *arguments]
    sys.path[0] = str(pathlib.Path(program).parent)
    runpy.run_path(program, run_name="__main__")
    if sent != {"sync", "asyncio"}:
        raise SystemExit(f"the program has sent requests through these transports only: {sorted(sent)}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
