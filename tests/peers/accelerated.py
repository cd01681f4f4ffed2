"""Runs a program whose boto3 clients `invoke_model.boto3.install()` accelerates.

usage: accelerated.py [--mocked] PACKAGE PROGRAM ARGUMENT..

PACKAGE is the folder of the Python package `invoke_model`, which is not installed in this environment. The program must
send requests through accelerated clients. With `--mocked`, it must only create such a client.
"""

import importlib.util
import pathlib
import runpy
import sys


def load(folder):
    """Imports the package from a folder, without the other packages beside it."""
    locations = {"submodule_search_locations": [str(folder)]}
    spec = importlib.util.spec_from_file_location("invoke_model", folder / "__init__.py", **locations)
    sys.modules["invoke_model"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


def main(is_mocked, package, program, arguments):
    load(pathlib.Path(package))
    import invoke_model.boto3
    from invoke_model.boto3 import _client

    class Observed:
        """The native calls of an accelerated client. Counts the requests."""

        created, sent = 0, 0
        SIGNING_NAME = _client.Boto3Calls.SIGNING_NAME

        def __init__(self, settings):
            Observed.created += 1
            self._native = native(settings)

        def call(self, *arguments):
            Observed.sent += 1
            return self._native.call(*arguments)

        def send(self, *arguments):
            Observed.sent += 1
            return self._native.send(*arguments)

        def close(self):
            self._native.close()

    native, _client.Boto3Calls = _client.Boto3Calls, Observed
    invoke_model.boto3.install()
    sys.argv = [program, *arguments]
    sys.path[0] = str(pathlib.Path(program).parent)
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
    if not Observed.created:
        raise SystemExit("the program has created no client of boto3")
    if not Observed.sent and not is_mocked:
        raise SystemExit("the program has sent no request through an accelerated client")


if __name__ == "__main__":
    words = sys.argv[1:]
    is_mocked = words[0] == "--mocked"
    package, program, *arguments = words[is_mocked:]
    main(is_mocked, package, program, arguments)
