"""What the comparisons have in common: their data, our program, and the report."""

import itertools
import json
import pathlib
import subprocess


def data(name):
    return json.loads(pathlib.Path(__file__).with_name(name).read_text("utf-8"))


# Longer than any program takes, in seconds: one that waits for what never comes must not wait for ever.
PATIENCE = 300


def ask_program(command, questions, environment=None):
    """The program's answers to a JSON array of questions, one for each."""
    asked = json.dumps(questions).encode()
    pipe = subprocess.PIPE
    done = subprocess.run(command, input=asked, stdout=pipe, env=environment, check=True, timeout=PATIENCE)
    answers = json.loads(done.stdout)
    if len(answers) != len(questions):
        raise SystemExit(f"{command}: {len(answers)} answers to {len(questions)} questions")
    return answers


def unlike(found, expected):
    """The pairs that are not the same, so that a long list shows only these."""
    pairs = itertools.zip_longest(found, expected)
    return [pair for pair in pairs if pair[0] != pair[1]]


class Report:
    """Counts checks, collects those that failed, and ends the program."""

    def __init__(self, group):
        self.group = group
        self.count = 0
        self.failures = []

    def check(self, name, found, expected, *context):
        """One check; both sides are shown if they are not the same, and then the context."""
        self.count += 1
        if found != expected:
            lines = [f"{self.group}: {name}", f"found:    {found!r}", f"expected: {expected!r}", *context]
            self.failures.append("\n  ".join(lines))

    def end(self, summary, at_least):
        """Prints the summary, or every failure. Fewer checks than are known to exist are a failure, too."""
        if self.count < at_least:
            self.failures.append(f"{self.group}: only {self.count} checks ran, of at least {at_least}")
        if self.failures:
            raise SystemExit("\n".join(self.failures))
        print(f"{self.group}: {summary}", flush=True)
