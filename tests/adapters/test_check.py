"""Checks for real: limits hold, nothing outlives a check, nothing of ours leaks into it, and the sandbox is one."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sys
from pathlib import Path

import psutil
import pytest

from pointsman.adapters.check import LocalChecker
from pointsman.core.checks import OUTPUT_KEPT, CheckLimits, CheckOrder, CheckRun, parse_command

PYTHON = os.path.realpath(sys.executable)  # not in a venv below /tmp, which the sandbox hides


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    return directory


@pytest.fixture(params=["sandboxed", "bare"])
async def checker(request: pytest.FixtureRequest, tmp_path: Path) -> LocalChecker:
    """Both ways a check may run; what holds with limits alone must hold in the sandbox too."""
    return await sandboxed(tmp_path) if request.param == "sandboxed" else LocalChecker(bwrap="")


async def sandboxed(tmp_path: Path) -> LocalChecker:
    made = LocalChecker(private=(tmp_path / "state",))
    problem = await made._sandbox_problem()
    if problem is not None:
        pytest.skip(problem)
    return made


async def run(checker: LocalChecker, project: Path, *argv: str, stdin: str = "", **limits: object) -> CheckRun:
    order = CheckOrder(argv=argv, directory=checker.directory(str(project)))
    return await checker.run(order, CheckLimits(**limits), stdin)  # type: ignore[arg-type]


async def python(checker: LocalChecker, project: Path, program: str, **more: object) -> CheckRun:
    return await run(checker, project, PYTHON, "-I", "-c", program, **more)  # type: ignore[arg-type]


# --- what it says --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("program", "code"), [("pass", 0), ("raise SystemExit(3)", 3), ("1/0", 1)])
async def test_the_exit_code_is_the_truth(checker: LocalChecker, project: Path, program: str, code: int) -> None:
    done = await python(checker, project, program)
    assert (done.code, done.passed, done.problem) == (code, code == 0, None)


async def test_the_reply_is_on_standard_input_and_the_directory_is_the_working_one(
    checker: LocalChecker, project: Path
) -> None:
    (project / "data.txt").write_text("from the project")
    program = "import sys; print(sys.stdin.read() + '|' + open('data.txt').read())"
    done = await python(checker, project, program, stdin="the reply ✓\ud800")
    assert done.output == "the reply ✓?|from the project\n"


async def test_no_shell_ever_sees_the_command(checker: LocalChecker, project: Path) -> None:
    argv = parse_command("echo $HOME `id` $(id) ; rm -rf * | cat > x && y")
    done = await run(checker, project, *argv)
    assert done.output == "$HOME `id` $(id) ; rm -rf * | cat > x && y\n" and list(project.iterdir()) == []


async def test_nothing_of_our_environment_reaches_it_but_path(
    checker: LocalChecker, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-canary-0123456789")
    monkeypatch.setenv("HOME", "/the/users/own")
    done = await python(checker, project, "import os; print(sorted(os.environ), os.environ['HOME'])")
    assert "canary" not in done.output and "/the/users/own" not in done.output
    names = set(done.output.split("]")[0].strip("[").replace("'", "").split(", "))
    assert names <= {"PATH", "HOME", "LANG", "PWD", "LC_CTYPE", "POINTSMAN_CHECK"}


async def test_output_is_hashed_whole_and_kept_by_its_end(checker: LocalChecker, project: Path) -> None:
    done = await python(checker, project, "print('x' * 300_000, end=''); print('the end', end='')")
    everything = b"x" * 300_000 + b"the end"
    assert done.output_bytes == len(everything)
    assert done.output_sha256 == hashlib.sha256(everything).hexdigest()
    assert len(done.output) == OUTPUT_KEPT and done.output.endswith("the end")


async def test_hostile_bytes_are_kept_as_text_and_keys_are_hidden(checker: LocalChecker, project: Path) -> None:
    program = "import os; os.write(2, b'\\xff\\x00\\x1b]52;c;eA==\\x07 sk-ant-0123456789abcdef\\n')"
    done = await python(checker, project, program)
    assert done.output == "\ufffd\x00\x1b]52;c;eA==\x07 ****\n"


async def test_a_command_that_does_not_exist_says_nothing_about_the_reply(checker: LocalChecker, project: Path) -> None:
    done = await run(checker, project, "no-such-command-here")
    assert (done.code, done.started, done.problem) == (None, False, "no-such-command-here: no such command")


async def test_a_program_of_the_projects_own_is_found_from_its_directory(checker: LocalChecker, project: Path) -> None:
    script = project / "check.sh"
    script.write_text("#!/bin/sh\nexit 7\n")
    script.chmod(0o755)
    assert (await run(checker, project, "./check.sh")).code == 7


# --- limits --------------------------------------------------------------------------------------------------------


async def test_a_check_that_sleeps_for_ever_is_ended(checker: LocalChecker, project: Path) -> None:
    done = await run(checker, project, "sleep", "1000", seconds=0.5)
    assert (done.code, done.passed, done.problem) == (None, False, "not done within 0.5 s")


FORKING = """
import os, time
for n in range(6):
    if os.fork() == 0:
        if n % 2: os.setsid()
        if n % 3 == 0: os.fork()
        while True: time.sleep(60)
print("begun", flush=True)
{then}
"""


@pytest.mark.parametrize("then", ["time.sleep(60)", "raise SystemExit(0)"])
async def test_whatever_a_check_began_ends_with_it(checker: LocalChecker, project: Path, then: str) -> None:
    """Also what left the group by setsid, and what was left behind by a check that passed."""
    before = set(psutil.pids())
    done = await python(checker, project, FORKING.format(then=then), seconds=3.0)
    assert done.output == "begun\n" and done.passed == (then != "time.sleep(60)")
    assert [pid for pid in set(psutil.pids()) - before if _is_ours(pid)] == []


def _is_ours(pid: int) -> bool:
    try:
        return "POINTSMAN_CHECK" in psutil.Process(pid).environ()
    except (psutil.Error, OSError):
        return False


async def test_endless_output_ends_the_check(checker: LocalChecker, project: Path) -> None:
    done = await run(checker, project, "yes", output=1024**2, seconds=30.0)
    assert done.problem == "printed more than 1 MiB" and not done.passed
    assert done.output_bytes <= 1024**2 + 2 * 64 * 1024


async def test_memory_and_file_size_are_bounded(checker: LocalChecker, project: Path) -> None:
    memory = await python(checker, project, "bytearray(1 << 30)", memory=512 * 1024**2)
    assert memory.code == 1 and "MemoryError" in memory.output
    program = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); open('big', 'wb').write(bytes(1 << 21))"
    size = await python(checker, project, program, file_size=1024**2)
    assert size.code == 1 and (project / "big").stat().st_size <= 1024**2


async def test_cancelling_ends_the_command(checker: LocalChecker, project: Path) -> None:
    os.mkfifo(project / "begun")
    reader = os.open(project / "begun", os.O_RDONLY | os.O_NONBLOCK)
    begun = asyncio.Event()
    asyncio.get_running_loop().add_reader(reader, begun.set)
    task = asyncio.create_task(python(checker, project, "import time; open('begun', 'w').write('x'); time.sleep(60)"))
    task.add_done_callback(lambda _: begun.set())  # one that ends too soon is seen, not waited for
    try:
        await begun.wait()
        assert not task.done(), task.result()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    finally:
        asyncio.get_running_loop().remove_reader(reader)
        os.close(reader)
    assert [p.pid for p in psutil.process_iter() if _is_ours(p.pid)] == []


# --- where ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "says"), [("/", "root directory"), ("{tmp}/gone", "no directory"), ("{tmp}/state/x", "own files")]
)
def test_directories_that_no_check_may_run_in(tmp_path: Path, where: str, says: str) -> None:
    (tmp_path / "state" / "x").mkdir(parents=True)
    with pytest.raises(ValueError, match=says):
        LocalChecker(private=(tmp_path / "state",), bwrap="").directory(where.format(tmp=tmp_path))


# --- the sandbox ---------------------------------------------------------------------------------------------------


async def test_only_the_directory_can_be_written(project: Path, tmp_path: Path) -> None:
    checker = await sandboxed(tmp_path)
    outside = tmp_path / "outside"
    outside.write_text("as it was")
    program = f"""
import os
open('inside', 'w').write('yes')
for path in ({str(outside)!r}, {str(tmp_path / "new")!r}, '/etc/pointsman-test', '/usr/pointsman-test'):
    try: open(path, 'w').write('changed')
    except OSError as error: print(type(error).__name__)
"""
    done = await python(checker, project, program)
    assert done.passed and (project / "inside").read_text() == "yes"
    assert outside.read_text() == "as it was" and not (tmp_path / "new").exists()
    assert not Path("/etc/pointsman-test").exists()


async def test_the_sandbox_has_no_network_no_foreign_processes_and_none_of_our_files(
    project: Path, tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "ledger.db").write_text("secret")
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    program = f"""
import os, socket
try: socket.create_connection(('127.0.0.1', {port}), 2); print('connected')
except OSError: print('no network')
print(os.path.exists({str(tmp_path / "state" / "ledger.db")!r}), os.listdir('/run'))
print(sum(name.isdigit() for name in os.listdir('/proc')) <= 3)
"""
    try:
        done = await python(await sandboxed(tmp_path), project, program)
    finally:
        server.close()
        await server.wait_closed()
    assert done.output.splitlines() == ["no network", "False []", "True"]


async def test_secrets_in_the_home_directory_stay_hidden_even_when_the_check_runs_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_ed25519").write_text("a key")
    monkeypatch.setenv("HOME", str(home))
    done = await python(await sandboxed(tmp_path), home, "import os; print(os.listdir('.ssh'))")
    assert done.output == "[]\n"


async def test_a_sandbox_that_does_not_work_is_said_and_limits_still_hold(project: Path, tmp_path: Path) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'setting up uid map: Permission denied' >&2\nexit 1\n")
    broken.chmod(0o755)
    done = await run(LocalChecker(bwrap=str(broken)), project, "true")
    assert done.passed and not done.sandboxed
    assert done.guarantee.startswith(
        "NOT sandboxed, bubblewrap does not work here (setting up uid map: Permission denied)"
    )


async def test_the_guarantee_says_what_held(project: Path, tmp_path: Path) -> None:
    bare = await run(LocalChecker(bwrap=""), project, "true")
    assert not bare.sandboxed and "NOT sandboxed, bubblewrap is not installed" in bare.guarantee
    if shutil.which("bwrap"):
        done = await run(await sandboxed(tmp_path), project, "true")
        assert done.sandboxed and f"nothing writable but {project}" in done.guarantee
