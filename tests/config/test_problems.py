"""Broken configurations: which key is named, and which valid one is offered."""

import pytest

from pointsman.config import ConfigError, Problem, load

BROKEN = [
    # unknown keys, at every depth
    ('[endpoints.box]\nurll = "x"', "endpoints.box.urll", "url"),
    ('[endpoints.sky]\napi_key = "x"', "endpoints.sky.api_key", "key_env"),
    ('[endpoints.box.deadlines]\nconect = "3 s"', "endpoints.box.deadlines.conect", "connect"),
    ('[model.x]\nid = "x"', "model", "models"),
    ('polcy = "default"', "polcy", "policy"),
    ('[ui]\ntheem = "x"', "ui.theem", "theme"),
    ('[budgets.b]\nlimit = "$1"\nwindow = "day"\nscope = { providr = "openai" }', "budgets.b.scope.providr", "provider"),
    ('[[routes]]\nrole = "general"\nwhenn = {}', "routes[0].whenn", "when"),
    # unknown names
    ('[models.m]\nid = "m"\nendpoint = "bx"\ntier = "T1"', "models.m.endpoint", "box"),
    ('[roles.r]\nprimary = "nera"', "roles.r.primary", "near"),
    ('[roles.r]\nprimary = "near"\nfallbacks = ["frr"]', "roles.r.fallbacks[0]", "far"),
    ('[roles.r]\nprimary = "near"\nescalate_to = ["frr"]', "roles.r.escalate_to[0]", "far"),
    ('[[routes]]\nrole = "generall"', "routes[0].role", "general"),
    ('[[routes_before]]\nrole = "generall"', "routes_before[0].role", "general"),
    ('default_role = "genral"', "default_role", "general"),
    ('[endpoints.b2]\nurl = "http://127.0.0.1:9"\nkind = "ollama"\nservice = "x"', "endpoints.b2.service", None),
    ('[budgets.b]\nlimit = "$1"\nwindow = "day"\nscope = { model = "fare" }', "budgets.b.scope.model", "far"),
    ('[budgets.b]\nlimit = "$1"\nwindow = "day"\nscope = { endpoint = "sy" }', "budgets.b.scope.endpoint", "sky"),
    ('[budgets.b]\nlimit = "$1"\nwindow = "day"\nscope = { provider = "antropic" }', "budgets.b.scope.provider", "anthropic"),
    # unknown words
    ('[endpoints.b2]\nurl = "http://127.0.0.1:9"\nkind = "olama"', "endpoints.b2.kind", "ollama"),
    ('[models.m]\nid = "m"\nendpoint = "box"\ntier = "t1"', "models.m.tier", "T1"),
    ('[models.m]\nid = "m"\nendpoint = "box"\ntier = "T1"\ncapabilities = ["vison"]', "models.m.capabilities[0]", "vision"),
    ('[services.s]\nkind = "systemd"\nunit = "s.service"', "services.s.kind", "systemd-user"),
    ('[services.s]\nkind = "simulated"\nunit = "s.service"', "services.s.kind", None),
    ('extends = "defualt"', "extends", "default"),
    # conditions
    ('[[routes]]\nrole = "general"\nwhen = { kidn = "coding" }', "routes[0].when.kidn", "kind"),
    ('[[routes]]\nrole = "general"\nwhen = { kind = "codng" }', "routes[0].when.kind", "coding"),
    ('[[routes]]\nrole = "general"\nwhen = { lines = "many" }', "routes[0].when.lines", None),
    ('[[routes]]\nrole = "general"\nwhen = { lines = ">>5" }', "routes[0].when.lines", None),
    ('[[routes]]\nrole = "general"\nwhen = { high_risk = "yes" }', "routes[0].when.high_risk", None),
    ('[[routes]]\nrole = "general"\nwhen = { kind = ">5" }', "routes[0].when.kind", None),
    ('[[routes]]\nrole = "general"\nwhen = { complexity = nan }', "routes[0].when.complexity", None),
    ('[[routes]]\nrole = "general"\nwhen = { risk = [] }', "routes[0].when.risk", None),
    ('[[routes]]\nrole = "general"\nwhen = "coding"', "routes[0].when", None),
    ('[[bands]]\nat = 80\nunless = { criticl = true }', "bands[0].unless.criticl", "critical"),
    ('[roles.r]\nprimary = "near"\nescalate_to = ["far"]\nescalate_when = [{ confidense = "<0.6" }]', "roles.r.escalate_when[0].confidense", "confidence"),
    ('[roles.r]\nprimary = "near"\nescalate_to = ["far"]\nescalate_when = { confidence = 1 }', "roles.r.escalate_when", None),
    # figures
    ('[models.m]\nid = "m"\nendpoint = "box"\ntier = "T1"\ncontext = -1', "models.m.context", None),
    ('[models.m]\nid = "m"\nendpoint = "box"\ntier = "T1"\ncontext = "200000"', "models.m.context", None),
    ('[models.m]\nid = "m"\nendpoint = "box"\ntier = "T1"\nvram = 57', "models.m.vram", None),
    ('[models.m]\nid = "m"\nendpoint = "box"\ntier = "T1"\nprice_in = nan', "models.m.price_in", None),
    ('[models.m]\nid = "m"\nendpoint = "box"\ntier = "T1"\ncontext = 10\nmax_output = 20', "models.m.max_output", None),
    ('[budgets.b]\nlimit = "-5 tokens"\nwindow = "day"', "budgets.b.limit", None),
    ('[budgets.b]\nlimit = 0\nwindow = "day"', "budgets.b.limit", None),
    ('[budgets.b]\nlimit = "$1"\nwindow = "fortnight"', "budgets.b.window", None),
    ('[budgets.b]\nlimit = "$1"', "budgets.b.window", None),
    ('[[bands]]\nat = -80', "bands[0].at", None),
    ('[[bands]]\nat = "80"', "bands[0].at", None),
    ('[[bands]]\nat = 80\n[[bands]]\nat = 80', "bands[1].at", None),
    ("queue_limit = 0", "queue_limit", None),
    ("local_only = 1", "local_only", None),
    ("[ui]\nrefresh_hz = nan", "ui.refresh_hz", None),
    ("[ui]\nrefresh_hz = 60", "ui.refresh_hz", None),
    # missing and contradicting
    ('[endpoints.b2]\nkind = "ollama"', "endpoints.b2.url", None),
    ('[models.m]\nid = "m"\nendpoint = "box"', "models.m.tier", None),
    ('[roles.r]\nfallbacks = ["near"]', "roles.r.primary", None),
    ('[roles.r]\nprimary = "near"\nescalate_when = [{ failed_attempts = 2 }]', "roles.r.escalate_to", None),
    ('[roles.r]\nprimary = "near"\ncloud_only = true\nlocal_only = true', "roles.r.local_only", None),
    ('[roles.r]\nprimary = "near"\ncloud_only = true', "roles.r.primary", None),
    ('[roles.r]\nprimary = "far"\nlocal_only = true', "roles.r.primary", None),
    ('[roles.r]\nprimary = "near"\nneeds = ["vision"]', "roles.r.primary", None),
    # cycles and doubles
    ('[roles.r]\nprimary = "near"\nfallbacks = ["far", "near"]', "roles.r.fallbacks[1]", None),
    ('[roles.r]\nprimary = "near"\nfallbacks = ["far", "far"]', "roles.r.fallbacks[1]", None),
    ('[roles.r]\nprimary = "near"\nfallbacks = ["box/qwen3"]', "roles.r.fallbacks[0]", None),
    ('[roles.r]\nprimary = "near"\nescalate_to = ["near"]', "roles.r.escalate_to[0]", None),
    ('[models.m]\nid = "m"\nendpoint = "box"\ntier = "T1"\naliases = ["NEAR"]', "models.m.aliases[0]", None),
    ('[models.a]\nid = "a"\nendpoint = "box"\ntier = "T1"\naliases = ["b"]\n[models.b]\nid = "b"\nendpoint = "box"\ntier = "T1"\naliases = ["a"]', "models.a.aliases[0]", None),
    ('[models.Near]\nid = "m"\nendpoint = "box"\ntier = "T1"', "models.Near", None),
    ('[models.m]\nid = "qwen3"\nendpoint = "sky"\ntier = "T1"\n[roles.r]\nprimary = "qwen3"', "roles.r.primary", None),
    ('[[routes]]\nname = "a"\nrole = "general"\n[[routes]]\nname = "a"\nrole = "general"', "routes[1]", None),
    ('policy = "default"\nextends = "default"', "extends", None),
    # addresses and where the computing happens
    ('[endpoints.b2]\nurl = "127.0.0.1:9"\nkind = "ollama"', "endpoints.b2.url", None),
    ('[endpoints.b2]\nurl = "ftp://host/"\nkind = "ollama"', "endpoints.b2.url", None),
    ('[endpoints.b2]\nurl = "http://127.0.0.1:99999"\nkind = "ollama"', "endpoints.b2.url", None),
    ('[endpoints.b2]\nurl = "http://[::1"\nkind = "ollama"', "endpoints.b2.url", None),
    ('[endpoints.gate]\nurl = "http://127.0.0.1:4000"\nkind = "openai-compatible"', "endpoints.gate.locality", None),
    ('[endpoints.o]\nurl = "https://api.openai.com/v1"\nkind = "openai"\nlocality = "local"', "endpoints.o.locality", None),
    ('[models.m]\nid = "kimi:cloud"\nendpoint = "oll"\ntier = "T1"\nlocality = "local"\n[endpoints.oll]\nurl = "http://127.0.0.1:11434"\nkind = "ollama"', "models.m.locality", None),
    # what is run is one argument, never an option or a shell line
    ('[services.s]\nkind = "docker"\nunit = "--privileged"', "services.s.unit", None),
    ('[services.s]\nkind = "docker"\nunit = "a; rm -rf /"', "services.s.unit", None),
    # shapes
    ("bands = {}", "bands", None),
    ("routes = [3]", "routes[0]", None),
    ("services = 3", "services", None),
    ("services = []", "services", None),
    ("services = { x = 3 }", "services.x", None),
    ('[roles.r]\nprimary = "near"\nfallbacks = "far"', "roles.r.fallbacks", None),
    ('[roles.r]\nprimary = "near"\nfallbacks = [1]', "roles.r.fallbacks[0]", None),
    ('[ui]\nkeymap = ["q"]', "ui.keymap", None),
]  # fmt: skip


def joined(base: str, snippet: str) -> str:
    """The snippet where TOML wants it: inside a table the base has already, before all tables, or after them."""
    header = snippet.splitlines()[0]
    if header in base:
        return base.replace(header, snippet, 1)
    return f"{base}\n{snippet}" if header.startswith("[") else f"{snippet}\n{base}"


@pytest.mark.parametrize(("snippet", "key", "nearest"), BROKEN, ids=[f"{i}-{row[1]}" for i, row in enumerate(BROKEN)])
def test_a_mistake_is_named_with_its_key_and_the_nearest_valid_one(small, problems_of, snippet, key, nearest):
    """Each mistake gives one problem at its own key path; where something valid is near, it is offered."""
    found = [problem for problem in problems_of(joined(small, snippet)) if problem.key == key]
    assert [problem.nearest for problem in found] == [nearest]


def test_every_problem_in_one_pass(small, problems_of):
    """Mistakes of every kind, in every section, are all listed by one load, down the file: none hides another."""
    text = small + "\n".join(
        [
            '[endpoints.bad]\nurll = "http://127.0.0.1:1"\nkind = "olama"',
            '[models.lost]\nid = "x"\nendpoint = "nowhere"\ntier = "T9"\ncontext = -1',
            '[roles.r]\nprimary = "nera"\nfallbacks = ["frr", "far", "far"]',
            '[roles.s]\nprimary = "nera"\nmax_output = "many"',
            '[[routes]]\nrole = "nobody"\nwhen = { kidn = "coding", lines = "many" }',
            "[[bands]]\nat = 0",
            '[budgets.b]\nlimit = "-5 tokens"\nwindow = "fortnight"',
            '[services.s]\nkind = "cron"',
        ]
    )
    problems = problems_of(text)
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)
    assert {problem.key for problem in problems} == {
        *("endpoints.bad.urll", "endpoints.bad.kind", "endpoints.bad.url"),
        *("models.lost.tier", "models.lost.context", "models.lost.endpoint"),
        *("roles.s.primary", "roles.s.max_output"),
        *("roles.r.primary", "roles.r.fallbacks[0]", "roles.r.fallbacks[2]"),
        *("routes[0].role", "routes[0].when.kidn", "routes[0].when.lines"),
        *("bands[0].at", "budgets.b.limit", "budgets.b.window", "services.s.kind", "services.s.unit"),
    }


def test_one_mistake_sets_off_no_others(small, problems_of):
    """A model with a wrong tier is still a known name: the roles that use it are not reported."""
    (problem,) = problems_of(small.replace('tier = "T1"', 'tier = "T7"'))
    assert problem.key == "models.near.tier"


def test_problems_name_their_line(small, problems_of):
    """Each problem knows the line of its key, or of the table it belongs to."""
    text = small + '\n[[routes]]\nrole = "general"\n\n[[routes]]\nrole = "generall"\nwhen = { kidn = 1 }\n'
    lines = text.splitlines()
    for problem in problems_of(text):
        assert problem.line is not None
        assert {"routes[1].role": "generall", "routes[1].when.kidn": "kidn"}[problem.key] in lines[problem.line - 1]


def test_a_problem_reads_as_one_line():
    """File, key, message, nearest key and line, in this order."""
    problem = Problem(file="config.toml", key="endpoints.coder-gpu.urll", message="unknown key", nearest="url")
    assert str(problem) == "config.toml: endpoints.coder-gpu.urll: unknown key (nearest: url)"
    assert str(Problem(file="c.toml", key="", message="cannot be read", line=3)) == "c.toml: cannot be read (line 3)"


# --- retired -------------------------------------------------------------------------------------------------------

RETIRED = """
[endpoints.vision-old]
url = "http://127.0.0.1:11441"
kind = "llama.cpp"
retired = "all vision goes through ollama on port 11434"
"""


def test_a_model_on_a_retired_endpoint_is_refused_with_the_successor(small, problems_of):
    """Port 11441 is retired: whoever points at it is told where to go."""
    (problem,) = problems_of(small + RETIRED + '[models.vl]\nid = "vl"\nendpoint = "vision-old"\ntier = "T2"')
    assert problem.key == "models.vl.endpoint"
    assert "11434" in problem.message


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_a_retired_address_is_refused_under_any_name(small, problems_of, first):
    """Giving the retired address a new name does not bring it back, whichever table comes first."""
    new = '[endpoints.fresh]\nurl = "http://localhost:11441/"\nkind = "llama.cpp"\n'
    (problem,) = problems_of(small + (new + RETIRED if first else RETIRED + new))
    assert problem.key == "endpoints.fresh.url"
    assert "11434" in problem.message


# --- secrets -------------------------------------------------------------------------------------------------------

SECRETS = [
    "sk-ant-api03-abcdefghijklmnop",
    "AIzaSyA-abcdefghijklmnopqrstuv",
    "0A1B2C3D4E5F60718293A4B5C6D7E8F9",
    "hunter2",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_key_pasted_into_key_env_is_refused_and_never_repeated(small, problems_of, secret):
    """key_env takes the NAME of a variable; what was written instead appears in no message."""
    (problem,) = problems_of(small.replace('"ANTHROPIC_API_KEY"', f'"{secret}"'))
    assert problem.key == "endpoints.sky.key_env"
    assert "NAME" in problem.message
    assert secret not in str(problem)


@pytest.mark.parametrize(
    ("snippet", "key"),
    [
        ('api_key = "sk-ant-api03-abcdefghijklmnop"', "endpoints.sky.api_key"),
        ('retired = "use sk-ant-api03-abcdefghijklmnop"', "endpoints.sky.retired"),
        ('url = "https://me:sk-ant-api03-abcdefghijklmnop@host/"', "endpoints.sky.url"),
        ('url = "https://host/?key=sk-ant-api03-abcdefghijklmnop"', "endpoints.sky.url"),
        ('url = "https://me:hunter2@host/"', "endpoints.sky.url"),
        ('kind = "sk-ant-api03-abcdefghijklmnop"', "endpoints.sky.kind"),
        ('key_env = ["sk-ant-api03-abcdefghijklmnop"]', "endpoints.sky.key_env"),
    ],
)
def test_a_key_pasted_anywhere_is_a_problem_and_never_repeated(problems_of, snippet, key):
    """Wherever a secret stands, it is reported by its place only."""
    found = problems_of(f"[endpoints.sky]\n{snippet}\n")
    assert any(problem.key.startswith(key) for problem in found)
    assert not any("sk-ant-api03" in str(problem) or "hunter2" in str(problem) for problem in found)


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[endpoints.box\nurl = 3", "line 1"),
        (b'a = "\xff"', "UTF-8"),
        (b"a = 1\na = 2\n", "line 2"),
        (b"a = " + b"[" * 5000, "TOML"),
        (b"a = " + b"9" * 5000, "TOML"),
    ],
)
def test_a_file_that_is_no_toml_is_one_problem(tmp_path, content, says):
    """A syntax error is reported with its line, and nothing else is guessed from it."""
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert problem.file == str(path)
    assert says in problem.message


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_an_unreadable_file_is_a_problem(tmp_path, name):
    """A file that is not there, or is a directory, is reported like any other mistake."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / name)


def test_foreign_text_reaches_no_terminal_raw(problems_of):
    """Key names and values from the file are shown without control characters."""
    found = problems_of('"\\u001b[31mred" = 1\n[endpoints."\\u202ex"]\nkind = "\\u001b]0;x\\u0007"\n')
    assert found
    assert all(str(problem).isprintable() for problem in found)
