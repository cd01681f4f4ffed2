"""The command `invoke-model`: `python -m invoke_model`."""

import os
import signal
import sys

from ._native import run_command


def main():
    """Runs the command with the arguments of this process, and returns the exit code for the process."""
    # The command expects the process state of a Rust program: open standard streams, and the default actions of signals.
    # Python does not call its own handler of Ctrl-C before the command has ended.
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The new descriptor is the lowest that is free.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    # The help text shows this name also after `python -m invoke_model`.
    return run_command(["invoke-model", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
