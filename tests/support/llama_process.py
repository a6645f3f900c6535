"""Runs as a process of its own: a real llama.cpp server from the xllamacpp wheel, until its stdin closes.

python llama_process.py MODEL PORT [key=value ...]      (keys are attributes of CommonParams)
"""

from __future__ import annotations

import sys

import xllamacpp


def main(model: str, port: str, *settings: str) -> None:
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.port = int(port)
    params.n_ctx = 1024
    params.n_parallel = 2
    params.endpoint_metrics = True
    params.warmup = False
    params.cpuparams.n_threads = 1
    params.verbosity = 1
    for setting in settings:
        key, _, value = setting.partition("=")
        old = getattr(params, key)
        setattr(params, key, {value} if key == "model_alias" else type(old)(int(value)))
    server = xllamacpp.Server(params)
    print("ready", flush=True)
    sys.stdin.read()
    del server


if __name__ == "__main__":
    main(*sys.argv[1:])
