"""Other terminal programs of this field, measured as ours is, in the same session: each is installed into an
environment that is thrown away. What cannot be installed or does not start is said so.

From the start to the last byte of the beginning (quiet for 0.3 s), CPU until then, idle CPU and bytes a second, memory.

    python benchmarks/peers.py [name ...]      all without a name; `pointsman` and `hello` are always there
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from install_size import installed
from measured import DEMO, HELLO, Program

# distribution -> the program and its arguments
PEERS = {
    "elia-chat": ("elia",),
    "oterm": ("oterm",),
    "parllama": ("parllama",),
    "posting": ("posting",),
    "dolphie": ("dolphie",),
    "nvitop": ("nvitop",),
}
IDLE_S = 10.0


def measure(title: str, argv: tuple[str, ...], more: str = "") -> None:
    with Program(argv) as program:
        program.until_holds(lambda: len(program.seen) > 200, "a first frame", 60)
        first = program.age
        settled = program.until_quiet(within=20)
        cpu = program.cpu()
        program.read_for(5.0)
        before, begun = program.cpu(), program.age
        sent = program.read_for(IDLE_S)
        took = program.age - begun
        if program.ended:
            print(f"{title:<14} ended by itself: {last_words(program)}", flush=True)
            return
        print(
            f"{title:<14} first bytes {first:>5.2f} s  settled {settled:>5.2f} s  CPU {cpu:>5.2f} s  "
            f"idle {100 * (program.cpu() - before) / took:>5.1f} %  {sent / took / 1000:>6.1f} kB/s  "
            f"{program.memory():>4.0f} MB  {more}",
            flush=True,
        )


def last_words(program: Program) -> str:
    """What it wrote at the end, without what a terminal would obey."""
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", bytes(program.seen[-400:]).decode("utf-8", "replace"))
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[-120:]


def main() -> None:
    measure("hello world", HELLO)
    measure("pointsman", DEMO)
    for name in sys.argv[1:] or PEERS:
        with tempfile.TemporaryDirectory() as home:
            try:
                size, names = installed(name, Path(home))
                measure(
                    name, (str(Path(home) / "bin" / PEERS[name][0]), *PEERS[name][1:]), f"{size:.0f} MB / {len(names)}"
                )
            except subprocess.CalledProcessError:
                print(f"{name:<14} cannot be installed here")
            except TimeoutError as told:
                print(f"{name:<14} shows nothing within a minute: {str(told)[-160:]}")


if __name__ == "__main__":
    main()
