"""The budgets' promises, B1 to B6: no cap is exceeded, by nobody, at no time."""

from __future__ import annotations

from pathlib import Path

from pointsman import wiring
from pointsman.adapters.clock import SystemClock
from pointsman.adapters.store import SqliteStore
from pointsman.config import load
from pointsman.core.fleet import Band
from pointsman.core.usage import Usage, announced_band, band_of
from pointsman.prove import instance
from pointsman.prove.audit import query, start, told_before_death
from pointsman.prove.check import Check, Tried, expect
from pointsman.prove.fake_server import as_json, serving
from pointsman.prove.local_day import ask

PROCESSES, KILLED = 4, 6
_BANDS = tuple(Band(at=at, name=str(at)) for at in (80, 90, 95, 100))


def caps_hold(home: Path) -> Tried:
    processes = [start(home, "fill") for _ in range(PROCESSES)]
    for process in processes:
        expect(process.stdout is not None and process.stdout.readline() == "ready\n", "a process did not start")
    for process in processes:
        if process.stdin is not None:
            process.stdin.write("go\n")
            process.stdin.flush()
    fitted = sum(int(process.communicate()[0]) for process in processes)
    expect(fitted == instance.LIMIT, f"{fitted} tokens were given out of {instance.LIMIT}")
    tried = f"{PROCESSES} processes spending one budget at once"
    return Tried(tried=tried, count=fitted, figure=f"{fitted} of {instance.LIMIT} tokens: used up, not exceeded")


async def orphans_are_charged(home: Path) -> Tried:
    for number in range(KILLED):
        told_before_death(start(home, "calls"), 1 + number)
    with query(home) as connection:
        (left,) = connection.execute("SELECT count(*) FROM reservation WHERE state = 'open'").fetchone()
        (settled,) = connection.execute("SELECT count(*) FROM reservation WHERE state = 'settled'").fetchone()
    clock = SystemClock()
    async with await SqliteStore.open(home / "state", clock) as store:
        recovered = await store.recover(clock.now())
        usage = (await store.usage([instance.CALLS], clock.now()))[instance.CALLS.name]
    expect(recovered == left, f"{recovered} of {left} orphans were recovered")
    expect(usage.spent == 10 * left + 4 * settled, "an orphan was not charged at its reserve")
    tried = f"{KILLED} processes killed in mid-call"
    figure = f"{left} orphans charged at the worst case"
    return Tried(tried=tried, count=left, figure=figure)


_UNPRICED = """
discover = false
[endpoints.far]
url = "{url}"
kind = "openai"
locality = "cloud"
[models.mystery]
id = "mystery"
endpoint = "far"
tier = "T1"
[roles.general]
primary = "mystery"
"""


async def unknown_price_is_refused(home: Path) -> Tried:
    asked = 10
    async with serving(lambda _: as_json({})) as provider:
        config = home / "config.toml"
        config.write_text(_UNPRICED.format(url=provider.url))
        async with wiring.open_engine(load(config), state_dir=home / "state", monitor=False) as engine:
            answers = {await ask(engine, f"hello {number}", {}) for number in range(asked)}
        expect(answers == {"blocked"}, "a model without a price answered")
        expect(provider.connections == 0, f"{provider.connections} connections to the provider")
    tried = "asking a cloud model without a price"
    figure = "0 requests reached the provider"
    return Tried(tried=tried, count=asked, figure=figure)


def bands_are_exact(home: Path) -> Tried:
    limit, count = 1_000_000_000, 0
    for index, band in enumerate(_BANDS):
        edge = limit * band.at // 100
        below = _BANDS[index - 1].at if index else 0
        for used, expected in ((edge - 1, below), (edge, band.at), (edge + 1, band.at)):
            found = band_of(Usage(budget="b", spent=used, limit=limit), _BANDS).at
            expect(found == expected, f"{used} of {limit} is in band {found}, not {expected}")
            count += 1
    crossings, held = 0, band_of(None, _BANDS)
    for step in range(1000):
        new = announced_band(held, Usage(budget="b", spent=limit * 80 // 100 - step % 2, limit=limit), _BANDS)
        crossings, held = crossings + (new != held), new
    expect(crossings == 1, f"a budget on an edge was announced {crossings} times")
    tried = "edges of 80, 90, 95, 100 % ± 1 nano-USD; 1,000 readings on an edge"
    figure = "exact; 1 line"
    return Tried(tried=tried, count=count + 1000, figure=figure)


CHECKS = (
    Check(id="B1", promise="a cap is never exceeded by calls at the same time", run=caps_hold),
    Check(id="B2", promise="nor by crashes: what died is charged at the worst case", run=orphans_are_charged),
    Check(id="B5", promise="an unknown price is no cloud call", run=unknown_price_is_refused),
    Check(id="B6", promise="bands begin exactly at their edge, and do not chatter", run=bands_are_exact),
)
