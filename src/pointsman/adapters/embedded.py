"""A model server of our own for a machine that has none: the real llama.cpp, from the wheel of the `embedded` extra.

    python -m pointsman.adapters.embedded MODEL.gguf --port 8137 [--context N] [--alias NAME] [--slots N]

Runs as a process of its own, usually as a service of kind `process`, and serves on loopback only. Not imported by the
program itself: the wheel is large and optional.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"


def main(args: Sequence[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT, then ends at once: an open stream must not hold it up (trap T45)."""
    asked = _parser().parse_args(args)
    if not Path(asked.model).is_file():
        return _fail(f"there is no file {asked.model}")
    try:
        import xllamacpp
    except ImportError:
        return _fail("llama.cpp is not installed: pip install 'pointsman[embedded]'")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    try:
        server = xllamacpp.Server(_params(xllamacpp, asked))
    except RuntimeError as error:
        return _fail(f"the model could not be served: {error}")
    sys.stdout.write(f"serving {asked.model} at {server.listening_address}\n")
    sys.stdout.flush()
    while True:
        signal.pause()


def _params(xllamacpp: Any, asked: argparse.Namespace) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = asked.model
    params.hostnames = [HOST]
    params.port = asked.port
    params.model_alias = {asked.alias or Path(asked.model).stem}
    params.n_ctx = asked.context
    params.n_parallel = asked.slots
    params.cors_origins = "http://127.0.0.1"  # else any web page could use it from a browser
    params.endpoint_metrics = True  # for the queue and the tokens per second on the screen
    if asked.threads:
        params.cpuparams.n_threads = asked.threads
    return params


def _leave(number: int, frame: object) -> None:
    # Not sys.exit: the server's own threads would be waited for, and with them their clients.
    os._exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pointsman.adapters.embedded", description="Serves one GGUF file.")
    parser.add_argument("model", help="the GGUF file")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--context", type=int, default=0, help="tokens; 0: as the file says")
    parser.add_argument("--alias", help="what the model is called (default: the file's name)")
    parser.add_argument("--slots", type=int, default=1, help="requests answered at once")
    parser.add_argument("--threads", type=int, default=0, help="0: as llama.cpp chooses")
    return parser


def _fail(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
