"""Runs a program whose LiteLLM sends its requests through `invoke_model.httpx.Transport`.

usage: transported.py PACKAGE PROGRAM ARGUMENT..

PACKAGE is the folder of the Python package `invoke_model`, which is not installed in this environment.
"""

import pathlib
import runpy
import sys

import litellm
from accelerated import load


def main(package, program, arguments):
    load(pathlib.Path(package))
    from invoke_model.httpx import Transport

    sent = []

    class Counted(Transport):
        def handle_request(self, request):
            sent.append(request.url)
            return super().handle_request(request)

    litellm.sync_transport = Counted()
    sys.argv = [program, *arguments]
    sys.path[0] = str(pathlib.Path(program).parent)
    runpy.run_path(program, run_name="__main__")
    if not sent:
        raise SystemExit("the program has sent no request through the transport")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
