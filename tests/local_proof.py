"""`make prove-local` (promise L1): the whole scenario suite watched by strace, then cut off from every network.

Fails if any connect or datagram, name servers included, went beyond loopback, or if a scenario needs a network. Says so
and goes on where this machine lacks the tool.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pointsman.prove.local import outside, targets
from pointsman.prove.local_day import raise_loopback

HERE = Path(__file__).parent
INSIDE = "--inside"
SUITE = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(HERE / "scenarios")]


def watched(options: list[str]) -> int:
    strace = shutil.which("strace")
    if strace is None:
        print("not watched: strace is not installed")
        return 0
    with tempfile.TemporaryDirectory() as home:
        trace = Path(home) / "trace"
        calls = "trace=connect,sendto,sendmsg,sendmmsg"
        # Rows about times may be late under strace, which slows every call; here only where calls went is judged.
        subprocess.run([strace, "-f", "-qq", "-e", calls, "-o", str(trace), *SUITE, *options], check=False)
        seen = trace.read_text(errors="replace")
    beyond = outside(seen)
    print(
        f"watched: {len(targets(seen))} connects and datagrams with an internet address, {len(beyond)} beyond loopback"
    )
    for address in beyond[:5]:
        print(f"  {address}")
    return int(bool(beyond) or not targets(seen))


def cut_off(options: list[str]) -> int:
    unshare = shutil.which("unshare")
    apart = [unshare or "", "--user", "--map-root-user", "--net"]
    if unshare is None or subprocess.run([*apart, "true"], check=False, capture_output=True).returncode != 0:
        print("not cut off: unshare is not installed, or may not be used here")
        return 0
    ran = subprocess.run([*apart, sys.executable, __file__, INSIDE, *options], check=False)
    print(f"without any network but loopback: {'the suite passes' if ran.returncode == 0 else 'BROKEN'}")
    return ran.returncode


def main(options: list[str]) -> int:
    if options[:1] == [INSIDE]:
        raise_loopback()
        os.execv(SUITE[0], [*SUITE, *options[1:]])
    return watched(options) or cut_off(options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
