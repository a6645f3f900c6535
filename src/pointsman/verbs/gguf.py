"""`init --gguf FILE`: a configuration that serves one GGUF file with our own llama.cpp and asks nobody else."""

from __future__ import annotations

import json
import re
import socket
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pointsman.verbs import say
from pointsman.verbs.mistakes import Mistake

_FIRST_PORT, _LAST_PORT = 8137, 8199
_MOST_CONTEXT = 8192  # tokens; a larger window costs memory that nobody has asked for yet
_TEMPLATE = """# Pointsman: one model file, served from here. Written by `pointsman init --gguf`.
#
#   start it    pointsman services start {name} --wait
#   ask it      pointsman ask "..."
#   more        every key is explained in the example that `pointsman init --config OTHER.toml` writes

default_role = "general"
discover = true # offer other servers found on this machine

[services.{name}]
kind = "process" # started and watched by Pointsman itself; it outlives the screen
command = [
{command}
]

[endpoints.{name}]
url = "http://127.0.0.1:{port}"
kind = "llama.cpp"
service = "{name}"

[models.{name}]
id = {id}
endpoint = "{name}"
tier = "T4"
context = {context}{trained}
ram = "{ram} MiB" # the size of the file

[roles.general]
primary = "{name}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What the configuration will say."""

    name: str
    port: int
    file: Path
    context: int
    trained: int | None
    size: int

    def text(self) -> str:
        program = (sys.executable, "-m", "pointsman.adapters.embedded", str(self.file))
        argv = (*program, "--port", str(self.port), "--context", str(self.context), "--alias", self.name)
        trained = f" # of {self.trained} that it was trained for" if self.trained else ""
        return _TEMPLATE.format(
            name=self.name,
            port=self.port,
            id=_quoted(self.name),
            command="\n".join(f"  {_quoted(word)}," for word in argv),
            context=self.context,
            trained=trained,
            ram=max(self.size >> 20, 1),
        )


def describe(file: Path) -> Served:
    """Reads the file's header and finds a free port. Raises Mistake for what cannot be served."""
    from pointsman.adapters.gguf_header import NotGguf, read_gguf

    path = file.expanduser().absolute()
    try:
        header = read_gguf(path)
    except NotGguf as wrong:
        raise Mistake(f"{path} cannot be served: {wrong}") from None
    except OSError as error:
        raise Mistake(f"{path} cannot be read: {error.strerror}") from None
    if not str(path).isprintable():
        raise Mistake("the path of the file must be printable")
    if find_spec("xllamacpp") is None:
        say.tell("llama.cpp is not installed yet: pip install 'pointsman[embedded]'")
    return Served(
        name=_alias(header.name or path.stem),
        port=_free_port(),
        file=path,
        context=min(header.context or _MOST_CONTEXT, _MOST_CONTEXT),
        trained=header.context,
        size=header.size,
    )


def _alias(name: str) -> str:
    """A name that needs no quotes anywhere; what a file calls itself is foreign text."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-")
    return plain or "local"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _free_port() -> int:
    for port in range(_FIRST_PORT, _LAST_PORT + 1):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise Mistake(f"no port from {_FIRST_PORT} to {_LAST_PORT} is free")
