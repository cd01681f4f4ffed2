"""Data files, programs and reports for the comparisons."""

import itertools
import json
import pathlib
import subprocess


def data(name):
    return json.loads(pathlib.Path(__file__).with_name(name).read_text("utf-8"))


# Time limit for a program, in seconds. Without this limit, a program that hangs would block the checks.
TIMEOUT = 300


def run_program(command, values, environment=None):
    """Passes a JSON array to a program, which must print an array of the same length. Returns the printed array."""
    text = json.dumps(values).encode()
    pipe = subprocess.PIPE
    done = subprocess.run(command, input=text, stdout=pipe, env=environment, check=True, timeout=TIMEOUT)
    results = json.loads(done.stdout)
    if len(results) != len(values):
        raise SystemExit(f"{command}: {len(results)} results for {len(values)} values")
    return results


def differing(found, expected):
    """Returns the pairs whose two values differ."""
    pairs = itertools.zip_longest(found, expected)
    return [pair for pair in pairs if pair[0] != pair[1]]


class Report:
    """Counts checks, and collects failures."""

    def __init__(self, group):
        self.group = group
        self.count = 0
        self.failures = []

    def check(self, name, found, expected, *context):
        """Compares two values. If they differ, records them and the context."""
        self.count += 1
        if found != expected:
            lines = [f"{self.group}: {name}", f"found:    {found!r}", f"expected: {expected!r}", *context]
            self.failures.append("\n  ".join(lines))

    def end(self, summary, at_least):
        """Prints the summary, or exits with all failures. A number of checks below `at_least` is also a failure."""
        if self.count < at_least:
            self.failures.append(f"{self.group}: only {self.count} checks ran; expected at least {at_least}")
        if self.failures:
            raise SystemExit("\n".join(self.failures))
        print(f"{self.group}: {summary}", flush=True)
