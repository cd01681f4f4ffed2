"""Runs a program whose boto3 clients `invoke_model.boto3.install()` accelerates.

usage: accelerated.py PACKAGE PROGRAM ARGUMENT..

PACKAGE is the folder of the Python package `invoke_model`, which is not installed in this environment.
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


def main(package, program, arguments):
    load(pathlib.Path(package))
    import invoke_model.boto3

    accelerated = []
    accelerate = invoke_model.boto3.accelerate
    invoke_model.boto3.accelerate = lambda client: accelerated.append(client) or accelerate(client)
    invoke_model.boto3.install()
    sys.argv = [program, *arguments]
    sys.path[0] = str(pathlib.Path(program).parent)
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
    if not accelerated:
        raise SystemExit("the program has created no client of boto3")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
