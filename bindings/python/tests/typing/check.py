"""Checks the type annotations of the package.

The first check compares the definitions with those of types-boto3. The others run mypy in strict mode and
pyright on the package, on programs that are annotated for types-boto3, and on the same programs after their
imports are switched to this package.

Usage: `python check.py`, with an interpreter whose environment contains the packages of
`bindings/python/requirements.txt`. `cargo xtask python` runs the checks in such an environment.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import definitions
import known

HERE = Path(__file__).parent
SOURCES = HERE.parent.parent / "python"
PACKAGE = SOURCES / "invoke_model"
TINY_MODEL = HERE.parents[3] / "tests" / "models" / "python" / "annotations"

THEIR_PACKAGE = "types_boto3_bedrock_runtime"
THEIR_CLIENT = "BedrockRuntimeClient"

# The imports that are switched, in this order.
SWITCHED = {
    f"from {THEIR_PACKAGE}.client import {THEIR_CLIENT}": f"from invoke_model.client import Client as {THEIR_CLIENT}",
    THEIR_PACKAGE: "invoke_model",
    "botocore.exceptions": "invoke_model.exceptions",
}


class Failure(Exception):
    """A check that failed."""


def check_definitions() -> str:
    """Compares the definitions with those of types-boto3. Fails if a difference is unknown, or if a known difference
    does not exist.
    """
    theirs = definitions.read(Path(sysconfig.get_paths()["purelib"]) / THEIR_PACKAGE, THEIR_CLIENT)
    ours = definitions.read(PACKAGE, "Client")
    found = definitions.compare(ours, theirs)
    lines = [f"{name}: {text}" for name, text in found.items() if known.DEFINITIONS.get(name) != text]
    lines += [
        f"{name}: the known difference does not exist" for name in known.DEFINITIONS if name not in found
    ]
    if lines:
        raise Failure("\n".join(lines))
    different = sum(text != "additional" for text in found.values())
    return f"{theirs.count() - different} of {theirs.count()} definitions are equal"


def switched(folder: Path) -> None:
    """Writes the programs into a folder, with imports of this package."""
    for path in sorted((HERE / "corpus").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        for old, new in SWITCHED.items():
            text = text.replace(old, new)
        (folder / path.name).write_text(text, encoding="utf-8")
    for path in sorted((HERE / "own").glob("*.py")):
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")


def mypy(*arguments: str, folder: Path) -> None:
    """Runs mypy in strict mode. The strict mode reports comments that suppress nothing."""
    cache = folder / ".mypy_cache"
    run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), *arguments], folder)


def pyright(folder: Path, *files: str) -> None:
    """Runs pyright on files, or on all files in a folder."""
    settings = {
        "include": list(files) or ["."],
        "extraPaths": [str(SOURCES)],
        "typeCheckingMode": "standard",
        "reportUnnecessaryTypeIgnoreComment": True,
        "reportMissingModuleSource": False,
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    run([sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "-p", str(folder)], folder)


def run(command: list[str], folder: Path) -> None:
    """Executes a command in a folder. Fails if the command fails."""
    result = execute(command, folder)
    if result.returncode != 0:
        raise Failure(f"{' '.join(command)}\n{result.stdout}{result.stderr}")


def execute(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Executes a command in a folder, and returns its output. Type checkers find the package in the checkout."""
    environment = {**os.environ, "MYPYPATH": str(SOURCES)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def check_package(folder: Path) -> str:
    """Checks the annotated modules of the package. Modules that have no stub are private and not annotated."""
    annotated = sorted([*PACKAGE.glob("*.pyi"), PACKAGE / "literals.py", PACKAGE / "type_defs.py"])
    mypy(*map(str, annotated), folder=folder)
    pyright(folder, *map(str, annotated))
    return f"mypy and pyright report no errors in {len(annotated)} modules of the package"


def check_tiny_model(folder: Path) -> str:
    """Checks the annotations of the tiny model, which has features that the service does not have. Also imports them,
    because Python evaluates the types in the order of their declarations.
    """
    shutil.copytree(TINY_MODEL, folder / "example")
    (folder / "example" / "__init__.py").touch()
    mypy("-p", "example", folder=folder)
    pyright(folder)
    run([sys.executable, "-c", "import example.type_defs"], folder)
    return "mypy, pyright and Python report no errors in the annotations of the tiny model"


def check_corpus(folder: Path) -> str:
    """Checks the programs with types-boto3."""
    for path in sorted((HERE / "corpus").glob("*.py")):
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    mypy(".", folder=folder)
    pyright(folder)
    return f"mypy and pyright report no errors in {len(list(folder.glob('*.py')))} programs with types-boto3"


def check_switched(folder: Path) -> str:
    """Checks the programs with this package."""
    switched(folder)
    mypy(".", folder=folder)
    pyright(folder)
    return f"mypy and pyright report no errors in {len(list(folder.glob('*.py')))} programs with invoke_model"


def check_runtime(folder: Path) -> str:
    """Compares the stubs with the modules of the installed package."""
    settings = folder / "mypy.ini"
    settings.write_text("[mypy]\nignore_missing_imports = true\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "mypy.stubtest",
        "--concise",
        "--mypy-config-file",
        str(settings),
        "invoke_model",
    ]
    result = execute(command, folder)
    lines = result.stdout.splitlines()
    if result.stderr or not all(line.startswith("invoke_model") for line in lines):
        raise Failure(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    unknown = [line for line in lines if not any(re.search(pattern, line) for pattern in known.STUBTEST)]
    if unknown:
        raise Failure("\n".join(unknown))
    return "the stubs describe the modules of the package"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--runtime", action="store_true", help="compare the stubs with the package, which must be installed"
    )
    checks = [check_package, check_tiny_model, check_corpus, check_switched]
    if parser.parse_args().runtime:
        checks.append(check_runtime)
    print(check_definitions())
    for check in checks:
        with tempfile.TemporaryDirectory() as folder:
            print(check(Path(folder)))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"error: {failure}")
