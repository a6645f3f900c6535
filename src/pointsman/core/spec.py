"""The override block that document 002 §8 asks of every spec: reading it, what is wrong with it, writing it. Pure.

Must never change a line of a spec outside of the block, nor drop one inside that it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

HEADING = "## Model & Runtime (Spec Overrides)"
POLICY_FILE = "docs/MODEL-POLICY.md"
ROUTING_MODE = "cloud-where-quality-wins, local-where-speed-wins"
# Short name -> as the block calls the role.
ROLES: Mapping[str, str] = MappingProxyType(
    {
        "stage0": "Stage0 Tier2 (NotebookLM)",
        "architect": "Architect/Planner",
        "implementer": "Implementer/Rust Ace",
        "librarian": "Librarian",
        "tutor": "Tutor",
        "judge": "Auditor/Judge",
    }
)
_LANES: Mapping[str, str] = MappingProxyType(
    {
        "Routing mode": ROUTING_MODE,
        "Architect": "Cloud-first (Sonnet/GPT)",
        "Implementer": "Local for small diffs, cloud for serious/HR work",
        "Librarian": "Local + Kimi escalation (hard sweeps)",
        "Judge": "Cloud-only (always)",
    }
)
_TIERS: Mapping[str, str] = MappingProxyType(
    {
        "cloud_quality": "Sonnet / GPT-5.1 (Architect, Serious Implementer)",
        "local_reflex": "Qwen3-Coder-30B-A3B MoE (Tutor, Reflex Implementer, Librarian)",
        "cloud_escalation": "DeepSeek R2 / Kimi K2 (when local fails)",
        "premium_judge": "GPT-5.1 High / Claude Opus (HR required)",
    }
)
_INFRA = "This spec is **infrastructure-only** and does not invoke model routing directly."
_NO_ROLES = "Roles exercised: none (no Architect/Implementer/Librarian/Tutor/Judge)."
_STILL = "Guardrails still apply: sandboxing, evidence/logging, no hallucinated citations."
_ROLES_HEAD, _TIERS_HEAD = "Roles exercised by this spec:", "Primary tiers:"
_PRIVACY_HEAD, _RISK_HEAD, _OVERRIDES_HEAD = "Privacy:", "High-risk:", "Overrides (must be rare):"

_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
_SECTION = re.compile(r"#{1,2}\s")
_POLICY = re.compile(r"Policy:\s*(?P<path>\S+)\s*\(version:\s*(?P<version>[^)]*?)\s*\)\s*$")
_PRIVACY = re.compile(r"(?:-|Privacy:)\s*local_only\s*=\s*(?P<value>[^#]*?)\s*(?:#.*)?$")
_RISK = re.compile(r"-\s*HR\s*=\s*(?P<value>.*?)\s*(?:\(.*\))?\s*$")
_ITEM = re.compile(r"-\s*(?P<name>[^:]+?)\s*:\s*(?P<value>.*?)\s*$")
_NAMED = re.compile(r"(?P<name>[A-Z][A-Za-z ]*?)\s*:\s*(?P<value>.*?)\s*$")


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` counts from 1, as an editor does."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What a block says. A value is None where the line is missing or says neither of what it may say."""

    first: int  # index of its heading's line
    end: int  # index behind its last line
    infra: bool = False
    policy: str | None = None
    version: str | None = None
    roles: Mapping[str, bool | None] = field(default_factory=lambda: MappingProxyType({}))  # by short name
    lanes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    tiers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    local_only: bool | None = None
    high_risk: bool | None = None
    overrides: tuple[str, ...] | None = None  # () is "none"
    at: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))  # part -> line, from 1
    unknown: tuple[str, ...] = ()  # lines that are no part of the form
    unclear: tuple[Problem, ...] = ()  # lines that say something the form has no place for
    problems: tuple[Problem, ...] = ()  # values that are none of those a line may have


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a stamp writes. None keeps what the block says; what is then still open is asked for."""

    infra: bool | None = None
    roles: frozenset[str] | None = None  # the short names of those exercised
    local_only: bool | None = None
    high_risk: bool | None = None
    overrides: tuple[str, ...] | None = None


class Open(ValueError):
    """A block that cannot be written without guessing. `problems` says what is open, by line."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(problem.text for problem in problems))
        self.problems = problems


# --- checking ----------------------------------------------------------------------------------------------------


def check(text: str, version: str) -> tuple[Problem, ...]:
    """Everything wrong with the spec's block under the policy of that version, by line; empty if nothing is."""
    lines = _split(text)
    spans = tuple(_spans(lines))
    if not spans:
        return (Problem(1, f"no section {HEADING!r}: `pointsman spec stamp` writes one"),)
    block = _read(lines, *spans[0])
    more = (Problem(first + 1, "a second override block: keep one") for first, _ in spans[1:])
    judged = _infra_problems(block) if block.infra else _full_problems(block)
    found = (*block.problems, *block.unclear, *_version_problems(block, version), *judged, *more)
    return tuple(sorted(found, key=lambda problem: problem.line))


def _line(block: Block, part: str) -> int:
    return block.at.get(part, block.first + 1)


def _version_problems(block: Block, version: str) -> Iterator[Problem]:
    if block.version is None:
        yield Problem(_line(block, "policy"), f'no line "Policy: {POLICY_FILE} (version: {version})"')
    elif block.version != version:
        yield Problem(_line(block, "policy"), f"policy version {block.version}, but the policy is {version}")


def _full_problems(block: Block) -> Iterator[Problem]:
    for short, name in ROLES.items():
        if short not in block.roles:
            yield Problem(_line(block, "roles"), f"role {name} is missing: state YES or NO")
    if len(block.roles) == len(ROLES) and not any(value is not False for value in block.roles.values()):
        yield Problem(_line(block, "roles"), "no role is exercised: use the infrastructure-only form")
    yield from _lane_problems(block)
    if block.local_only is None and "privacy" not in block.at:
        yield Problem(block.first + 1, "no line `- local_only = true|false` under Privacy")
    if block.high_risk is None and "risk" not in block.at:
        yield Problem(block.first + 1, "no line `- HR = YES|NO` under High-risk")
    if block.overrides is None and "overrides" not in block.at:
        yield Problem(block.first + 1, f'no list under "{_OVERRIDES_HEAD}": write "- none" or the overrides')
    yield from _consistency(block)


def _lane_problems(block: Block) -> Iterator[Problem]:
    for name, usual in _LANES.items():
        if not block.lanes.get(name):
            yield Problem(_line(block, name), f'no line "{name}: {usual}"')
    mode = block.lanes.get("Routing mode")
    if mode and mode != ROUTING_MODE:
        yield Problem(_line(block, "Routing mode"), f"routing mode {mode!r}: the policy has {ROUTING_MODE!r}")
    judge = block.lanes.get("Judge")
    if judge and not judge.lower().startswith("cloud-only"):
        yield Problem(_line(block, "Judge"), "the judge is cloud-only, always (GR-003)")
    for tier in _TIERS:
        if tier not in block.tiers:
            yield Problem(_line(block, "tiers"), f"primary tier {tier} is missing")


def _consistency(block: Block) -> Iterator[Problem]:
    """What a part demands of another: high risk wants architect and judge in the cloud, and so no local_only."""
    if block.high_risk:
        for short in ("architect", "judge"):
            if block.roles.get(short) is False:
                yield Problem(_line(block, short), f"HR = YES requires {ROLES[short]}: YES (GR-002)")
        architect = block.lanes.get("Architect")
        if architect and not architect.lower().startswith("cloud"):
            yield Problem(_line(block, "Architect"), "HR = YES requires a cloud architect (GR-002)")
        if block.local_only:
            text = "HR = YES requires cloud architect and judge, and local_only forbids all cloud calls (GR-009)"
            yield Problem(_line(block, "privacy"), text)
    elif block.local_only and block.roles.get("judge"):
        yield Problem(_line(block, "judge"), "the judge is cloud-only, and local_only forbids all cloud calls (GR-009)")


def _infra_problems(block: Block) -> Iterator[Problem]:
    if "none" not in block.at:
        yield Problem(block.first + 1, f'no line "{_NO_ROLES}"')
    if "privacy" not in block.at:
        yield Problem(block.first + 1, "no line `Privacy: local_only = true|false`")
    if "still" not in block.at:
        yield Problem(block.first + 1, f'no line "{_STILL}"')
    for short in block.roles:
        yield Problem(_line(block, short), f"an infrastructure-only spec exercises no role, not {ROLES[short]}")


# --- reading -----------------------------------------------------------------------------------------------------


def _split(text: str) -> list[str]:
    """Lines as an editor counts them. Only line feeds separate: whatever else is in a line stays in it."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _spans(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Where the blocks are. A heading inside a code fence is an example, not a heading."""
    headings = [(at, line.strip()) for at, line in _outside_fences(lines) if _SECTION.match(line)]
    ends = (*(at for at, _ in headings), len(lines))[1:]
    for (first, heading), end in zip(headings, ends, strict=True):
        if heading == HEADING:
            while end > first + 1 and not lines[end - 1].strip():
                end -= 1
            yield first, end


def _outside_fences(lines: list[str]) -> Iterator[tuple[int, str]]:
    fence: str | None = None
    for at, line in enumerate(lines):
        mark = _FENCE.match(line)
        if fence is None and mark is None:
            yield at, line
        elif fence is None and mark is not None:
            fence = mark[1]
        elif fence is not None and mark is not None and mark[1].startswith(fence) and line.strip() == mark[1]:
            fence = None


def _read(lines: list[str], first: int, end: int) -> Block:
    return _Reader(lines, first, end).read()


class _Reader:
    """Goes through a block once, line by line; a head such as "Privacy:" says what the items below it are."""

    def __init__(self, lines: list[str], first: int, end: int) -> None:
        self.lines, self.first, self.end = lines, first, end
        self.under = ""
        self.infra = False
        self.policy: tuple[str, str] | None = None
        self.roles: dict[str, bool | None] = {}
        self.lanes: dict[str, str] = {}
        self.tiers: dict[str, str] = {}
        self.flags: dict[str, bool | None] = {}
        self.overrides: list[str] = []
        self.at: dict[str, int] = {}
        self.unknown: list[str] = []
        self.unclear: list[Problem] = []
        self.problems: list[Problem] = []

    def read(self) -> Block:
        plain = {at for at, _ in _outside_fences(self.lines)}
        for index in range(self.first + 1, self.end):
            line = self.lines[index].rstrip()
            if line.strip() and not (index in plain and self._known(line.strip(), index + 1)):
                self.unknown.append(line)
        return Block(
            first=self.first,
            end=self.end,
            infra=self.infra,
            policy=self.policy[0] if self.policy else None,
            version=self.policy[1] if self.policy else None,
            roles=self.roles,
            lanes=self.lanes,
            tiers=self.tiers,
            local_only=self.flags.get("privacy"),
            high_risk=self.flags.get("risk"),
            overrides=self._stated_overrides(),
            at=self.at,
            unknown=tuple(self.unknown),
            unclear=tuple(self.unclear),
            problems=tuple(self.problems),
        )

    def _known(self, line: str, number: int) -> bool:
        return any(part(line, number) for part in (self._head, self._sentence, self._flag, self._item, self._lane))

    def _head(self, line: str, number: int) -> bool:
        heads = {_ROLES_HEAD: "roles", _TIERS_HEAD: "tiers", _PRIVACY_HEAD: "", _RISK_HEAD: ""}
        heads[_OVERRIDES_HEAD] = "overrides"
        if line not in heads:
            return False
        self.under = heads[line]
        if self.under in ("roles", "tiers"):
            self._place(self.under, number)
        return True

    def _sentence(self, line: str, number: int) -> bool:
        policy = _POLICY.match(line)
        if policy is not None:
            if self._place("policy", number):
                self.policy = (policy["path"], policy["version"])
            return True
        if "**infrastructure-only**" in line:
            self.infra = True
            return True
        for part, start in (("none", "Roles exercised: none"), ("still", "Guardrails still apply:")):
            if line.startswith(start):
                self._place(part, number)
                return True
        return False

    def _flag(self, line: str, number: int) -> bool:
        for part, form, words in (
            ("privacy", _PRIVACY, {"true": True, "false": False}),
            ("risk", _RISK, {"YES": True, "NO": False}),
        ):
            found = form.match(line)
            if found is not None:
                if self._place(part, number):
                    self.flags[part] = self._word(found["value"], words, number)
                return True
        return False

    def _item(self, line: str, number: int) -> bool:
        if not line.startswith("-") or self.under not in ("roles", "tiers", "overrides"):
            return False
        if self.under == "overrides":
            self._override(line[1:].strip(), number)
            return True
        found = _ITEM.match(line)
        if found is None:
            return False
        return self._role(found, number) if self.under == "roles" else self._tier(found)

    def _role(self, found: re.Match[str], number: int) -> bool:
        short = next((short for short, name in ROLES.items() if name == found["name"]), None)
        if short is None:
            text = f"no such role: {found['name']!r}; there are: {', '.join(ROLES.values())}"
            self.unclear.append(Problem(number, text))
        elif self._place(short, number):
            self.roles[short] = self._word(found["value"], {"YES": True, "NO": False}, number)
        return True

    def _tier(self, found: re.Match[str]) -> bool:
        if found["name"] in _TIERS:
            self.tiers.setdefault(found["name"], found["value"])
        return found["name"] in _TIERS

    def _lane(self, line: str, number: int) -> bool:
        found = _NAMED.match(line)
        if found is None or found["name"] not in _LANES:
            return False
        if self._place(found["name"], number):
            self.lanes[found["name"]] = found["value"]
        return True

    def _override(self, text: str, number: int) -> None:
        self.at.setdefault("overrides", number)
        if not text or text.startswith("<"):
            self.problems.append(Problem(number, 'write "- none" or the override itself'))
        elif text in self.overrides or (self.overrides and "none" in (text.lower(), self.overrides[0].lower())):
            self.unclear.append(Problem(number, '"none" stands alone, and each override stands once'))
        self.overrides.append(text)

    def _stated_overrides(self) -> tuple[str, ...] | None:
        if not self.overrides:
            return None
        return tuple(text for text in self.overrides if text and text.lower() != "none" and not text.startswith("<"))

    def _word(self, written: str, words: Mapping[str, bool], number: int) -> bool | None:
        if written not in words:
            self.problems.append(Problem(number, f"expected {' or '.join(words)}, not {written!r}"))
        return words.get(written)

    def _place(self, part: str, number: int) -> bool:
        """Notes where a part stands. False for a second one, which is reported and whose value is not taken."""
        if part in self.at:
            self.unclear.append(Problem(number, f"stands in line {self.at[part]} already"))
            return False
        self.at[part] = number
        return True


# --- stamping ----------------------------------------------------------------------------------------------------


def stamp(text: str, version: str, answers: Answers) -> str:
    """The spec with its block written, or brought up to this version with its own answers kept. Idempotent.

    Raises Open for what neither the block nor the answers say.
    """
    lines = _split(text)
    span = next(_spans(lines), None)
    old = _read(lines, *span) if span is not None else Block(first=len(lines), end=len(lines))
    written = _merged(old, answers)
    _refuse_to_guess(old, written)
    made = [HEADING, "", f"Policy: {old.policy or POLICY_FILE} (version: {version})", ""]
    # In front of every head, so that none of them claims it.
    made += [*written.unknown, ""] if written.unknown else []
    made += list(_infra_lines(written) if written.infra else _full_lines(written))
    before, behind = lines[: old.first], lines[old.end :]
    if span is None and before and before[-1].strip():
        made.insert(0, "")
    ending = "\r" if "".join(lines[old.first : old.first + 1] or lines[:1]).endswith("\r") else ""
    return "\n".join((*before, *(line.rstrip("\r") + ending for line in made), *behind)) + "\n"


def _refuse_to_guess(old: Block, written: Block) -> None:
    at = old.first + 1
    found = list(old.unclear)
    if not written.infra and any(written.roles.get(short) is None for short in ROLES):
        found.append(Problem(at, "which roles it exercises is open: --role NAME for each, or --infra"))
    if not written.infra and written.high_risk is None:
        found.append(Problem(at, "whether it is high-risk is open: --hr or --no-hr"))
    if written.local_only is None and "privacy" in old.at:
        found.append(Problem(at, "whether cloud calls are forbidden is open: --local-only or --no-local-only"))
    if found:
        raise Open(tuple(found))


def _merged(old: Block, answers: Answers) -> Block:
    infra = old.infra if answers.infra is None else answers.infra
    roles = old.roles if answers.roles is None else {short: short in answers.roles for short in ROLES}
    overrides = answers.overrides if answers.overrides is not None else (old.overrides or ())
    return replace(
        old,
        infra=infra,
        roles=roles,
        local_only=old.local_only if answers.local_only is None else answers.local_only,
        high_risk=old.high_risk if answers.high_risk is None else answers.high_risk,
        overrides=overrides,
        unknown=(*old.unknown, *(f"- {text}" for text in overrides if infra)),
    )


def _infra_lines(block: Block) -> Iterable[str]:
    return (_INFRA, _NO_ROLES, f"Privacy: local_only = {_lower(block.local_only)}", _STILL)


def _full_lines(block: Block) -> Iterable[str]:
    lanes = {name: block.lanes.get(name) or usual for name, usual in _LANES.items()}
    tiers = {name: block.tiers.get(name) or usual for name, usual in _TIERS.items()}
    return (
        _ROLES_HEAD,
        *(f"- {name}: {_yes(block.roles.get(short))}" for short, name in ROLES.items()),
        "",
        *(f"{name}: {value}" for name, value in lanes.items()),
        "",
        _TIERS_HEAD,
        *(f"- {name}: {models}" for name, models in tiers.items()),
        "",
        _PRIVACY_HEAD,
        f"- local_only = {_lower(block.local_only)}  # if true → forbids all cloud calls",
        "",
        _RISK_HEAD,
        f"- HR = {_yes(block.high_risk)} (if YES → cloud Architect + cloud Judge required)",
        "",
        _OVERRIDES_HEAD,
        *(f"- {text}" for text in block.overrides or ("none",)),
    )


def _yes(value: bool | None) -> str:
    return "YES" if value else "NO"


def _lower(value: bool | None) -> str:
    return "true" if value else "false"
