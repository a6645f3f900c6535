"""Makes `run.jsonl`, the recorded run that the text snapshots are drawn from: `python tests/snapshots/record.py`.

A run of the simulated fleet through the plain door: prompts, a switch to another model, a restart, an override. Record
anew when the tape's format or the fleet's fields change, then draw the snapshots anew.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

TAPE = Path(__file__).with_name("run.jsonl")
TYPED = """\
Write a Python function that adds two numbers
Summarize this in one line: the meeting moved to Tuesday, everybody was told, and the room stays the same.
/services start llama-qwen
llama-qwen
/model opus
What is a mutex?
/model auto
/pass
"""


def main() -> None:
    TAPE.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as home:
        environ = {"PATH": os.environ["PATH"], "HOME": home, "POINTSMAN_STATE": f"{home}/state", "LANG": "C.UTF-8"}
        argv = [sys.executable, "-m", "pointsman", "demo", "--plain", "--speed", "50"]
        subprocess.run([*argv, "--record", str(TAPE), "--record-text"], input=TYPED, text=True, env=environ, check=True)
    TAPE.chmod(0o644)


if __name__ == "__main__":
    main()
