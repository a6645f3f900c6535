"""Started as a program: sets its own limits, then becomes the command. Standard library only, no Pointsman imports.

A program of its own, because limits set between fork and exec would run Python in a copy of a threaded process.
Usage: limited.py CPU_SECONDS ADDRESS_SPACE FILE_SIZE PROCESSES COMMAND [ARGUMENT...]; 0: no limit.
"""

from __future__ import annotations

import os
import resource
import sys

NOT_STARTED = 125  # as `env` and `timeout` exit when they fail themselves
_LIMITS = (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC)


def main(arguments: list[str]) -> None:
    for limit, wanted in zip((*_LIMITS, resource.RLIMIT_CORE), (*map(int, arguments[:4]), 0), strict=True):
        _lower(limit, wanted, off=limit != resource.RLIMIT_CORE and wanted == 0)
    command = arguments[4:]
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        raise SystemExit(NOT_STARTED) from None


def _lower(limit: int, wanted: int, *, off: bool) -> None:
    """Soft and hard, never above the hard limit that is in force."""
    if off:
        return
    hard = resource.getrlimit(limit)[1]
    ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(limit, (ceiling, ceiling))


if __name__ == "__main__":
    main(sys.argv[1:])
