"""Services as configured: a process is its command, everything else is a unit, and nothing is a shell's line."""

from __future__ import annotations

import pytest

from pointsman.config import load
from pointsman.core.fleet import Service, ServiceKind


def test_a_process_is_its_argv_with_its_policy(small, write):
    text = '[services.own]\nkind = "process"\ncommand = ["llama-server", "--port", "80", "$HOME;ls"]\nkeep = "always"\nstop = "3 s"\n'
    (service,) = load(write(small + text)).fleet.services.values()
    assert service == Service(
        name="own", kind=ServiceKind.PROCESS, unit="own", command=("llama-server", "--port", "80", "$HOME;ls"),
        keep="always", stop_s=3.0,
    )  # fmt: skip


def test_an_agent_names_its_log(small, write):
    text = '[services.own]\nkind = "launchd"\nunit = "com.ollama.ollama"\nlog = "~/Library/Logs/ollama.log"\n'
    (service,) = load(write(small + text)).fleet.services.values()
    assert (service.kind, service.log) == (ServiceKind.LAUNCHD, "~/Library/Logs/ollama.log")


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('kind = "process"', "services.s.command"),
        ('kind = "process"\nunit = "x"', "services.s.command"),
        ('kind = "process"\ncommand = "llama-server --port 80"', "services.s.command"),
        ('kind = "process"\ncommand = []', "services.s.command"),
        ('kind = "process"\ncommand = ["a", 80]', "services.s.command[1]"),
        ('kind = "process"\ncommand = ["a", ""]', "services.s.command[1]"),
        ('kind = "process"\ncommand = ["a", "b\\nc"]', "services.s.command[1]"),
        ('kind = "process"\ncommand = ["a"]\nkeep = "sometimes"', "services.s.keep"),
        ('kind = "process"\ncommand = ["a"]\nstop = 10', "services.s.stop"),
        ('kind = "docker"', "services.s.unit"),
        ('kind = "docker"\nunit = "vllm"\ncommand = ["rm"]', "services.s.command"),
    ],
)
def test_mistakes_are_named_at_their_place(small, problems_of, table, key):
    assert [problem.key for problem in problems_of(f"{small}\n[services.s]\n{table}\n")] == [key]
