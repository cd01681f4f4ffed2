"""Runs a program, and compares its calls in the log of the local endpoint with the operations that it must call.

A program that never reaches the endpoint could exit with 0, so its exit code is not enough. All calls must have a valid signature and the status 200, and the program must read each stream to its end.

usage: logged.py OPERATION.. -- PROGRAM ARGUMENT..

The program gets its arguments, and then the operations.

The environment must contain the variables of `invoke-model serve`.
"""

import json
import os
import subprocess
import sys
import urllib.request

from common import TIMEOUT


def main(words):
    end = words.index("--")
    operations, command = words[:end], words[end + 1 :]
    done = subprocess.run([*command, *operations], check=False, timeout=TIMEOUT)
    if done.returncode != 0:
        raise SystemExit(done.returncode)
    url = os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] + "/_local/calls"
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
        calls = json.load(response)["calls"]
    found = sorted({str(call["operation"]) for call in calls})
    if found != sorted(operations):
        raise SystemExit(f"called operations: {found}; expected: {sorted(operations)}")
    failed = [call for call in calls if call["status"] != 200 or not call["signed"]]
    if failed:
        raise SystemExit(f"calls that failed or have no signature: {json.dumps(failed, indent=2)}")
    unfinished = [call for call in calls if call["stream"] and call["stream"]["end"] != "finished"]
    if unfinished:
        raise SystemExit(f"calls whose streams are not finished: {json.dumps(unfinished, indent=2)}")


if __name__ == "__main__":
    main(sys.argv[1:])
