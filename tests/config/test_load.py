"""What a configuration becomes: presets, merging, derived locality, filled prices, the revision, warnings."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pointsman.config import (
    ConfigError,
    Ui,
    example_path,
    load,
    preset_names,
    prices_date,
)
from pointsman.core.fleet import BudgetUnit, Locality, Tier, Window

# --- the shipped files ----------------------------------------------------------------------------------------------


def test_there_is_a_default_policy():
    """Without a file, the built-in default policy serves; prices are data, no policy."""
    settings = load()
    assert settings.source == "built-in"
    assert settings.fleet.policy == "default"
    assert "default" in preset_names()
    assert "prices" not in preset_names()


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_loads_by_itself(name):
    """A preset needs no other configuration, whether alone or over the example."""
    assert load(policy=name).fleet.policy == name
    assert load(example_path(), policy=name).fleet.policy == name


def test_the_example_is_clean():
    """config.toml has no problem and no warning."""
    assert load(example_path()).warnings == ()


def test_the_example_is_the_default_policy():
    """What the example spells out is what the default policy says: the two cannot drift apart."""
    example, built_in = load(example_path()).fleet, load().fleet
    assert example.revision == built_in.revision
    assert example.endpoints == built_in.endpoints
    assert example.services == built_in.services


def test_the_default_policy_prices_every_cloud_model():
    """Unknown is not free, so a shipped cloud model states or finds its price and its window."""
    fleet = load().fleet
    for model in fleet.models.values():
        local = fleet.locality_of(model) is Locality.LOCAL
        assert model.price_in is not None, model.name
        assert (model.price_in == 0) == local, model.name
        assert model.context is not None or "embedding" in model.capabilities, model.name


def test_the_default_policy_describes_the_documents():
    """Ports, aliases, sizes and tiers as documents 000 and 001 give them."""
    fleet = load().fleet
    assert fleet.models["coder-next"].id == "qwen3-coder-next-q5k"
    assert fleet.models["coder-next"].vram == 57 * 2**30
    assert fleet.models["coder-cpu"].context == 2_000_000
    assert fleet.models["coder-cpu"].speed == (15, 30)
    assert fleet.endpoints["llama-qwen"].url.endswith(":11437")
    assert "11434" in (fleet.endpoints["vision-old"].retired or "")
    assert fleet.locality_of(fleet.models["deepseek-relay"]) is Locality.CLOUD
    assert [(band.at, band.name) for band in fleet.bands] == [
        (80, "prefer-cheaper"),
        (90, "cheaper-only"),
        (95, "background-only"),
        (100, "local-only"),
    ]
    assert {str(tier) for tier in fleet.bands[2].reject} == {"T0", "T1", "T3"}


def test_background_work_never_has_an_orchestrator():
    """Document 001: background tasks never touch the main model, not even as a fallback."""
    fleet = load().fleet
    background = fleet.roles["background"]
    for name in (background.primary, *background.fallbacks, *background.escalate_to):
        assert fleet.models[str(name)].tier is not Tier.T0


def test_the_floor_is_local():
    """Usage never hits zero service: the roles people talk to end on the local emergency model."""
    fleet = load().fleet
    for name in ("orchestrator", "implementer", "background", "general", "quick"):
        assert fleet.models[fleet.roles[name].fallbacks[-1]].tier is Tier.T4


def test_image_and_audio_are_refused_by_name():
    """What no language model does is handed to who does it (document 001)."""
    roles = load().fleet.roles
    assert all(roles[name].handled_by and roles[name].primary is None for name in ("image-generation", "audio"))


# --- building on a preset ---------------------------------------------------------------------------------------------


def test_extends_merges_tables_key_by_key(write):
    """A value of one key replaces that key and nothing else of the preset's table."""
    fleet = load(write('extends = "default"\n[endpoints.coder-gpu]\nurl = "http://gpubox:9000"\n')).fleet
    assert fleet.endpoints["coder-gpu"].url == "http://gpubox:9000"
    assert fleet.endpoints["coder-gpu"].service == "llama-coder"
    assert fleet.policy == "default"
    assert fleet.revision == load().fleet.revision  # an address is no policy


def test_another_id_does_not_inherit_figures(write):
    """A model with another id keeps its place in the policy, not the other id's window, price or memory."""
    fleet = load(write('extends = "default"\n[models.coder-next]\nid = "other"\nendpoint = "openrouter"\n')).fleet
    model = fleet.models["coder-next"]
    assert (model.tier, model.endpoint) == (Tier.T1, "openrouter")
    assert (model.context, model.vram, model.price_in) == (None, None, None)


def test_routes_replace_and_routes_before_prepend(write):
    """`routes` replaces the preset's rules; `routes_before` puts rules in front of them."""
    rule = '[[{}]]\nname = "mine"\nrole = "general"\n'
    before = load(write('extends = "default"\n' + rule.format("routes_before"))).fleet.routes
    instead = load(write('extends = "default"\n' + rule.format("routes"))).fleet.routes
    assert [route.name for route in before] == ["mine", *(route.name for route in load().fleet.routes)]
    assert [route.name for route in instead] == ["mine"]


def test_bands_replace_and_are_sorted(write):
    """A stated curve is the whole curve, ascending however it is written."""
    text = 'extends = "default"\n[[bands]]\nat = 95\n[[bands]]\nat = 50\nreject = ["T0"]\n'
    assert [(band.at, band.name) for band in load(write(text)).fleet.bands] == [(50, "from 50 %"), (95, "from 95 %")]


OWN = """
policy = "default"
[endpoints.ollama]
url = "http://nas.local:11434"
[budgets.cloud-day]
limit = "$2"
[models.mine]
id = "m"
endpoint = "ollama"
tier = "T1"
[roles.mine]
primary = "mine"
"""


def test_policy_uses_a_preset_whole(write):
    """Own models and roles are set aside with a warning; own places and caps stay in force."""
    settings = load(write(OWN))
    assert "mine" not in settings.fleet.models
    assert settings.fleet.endpoints["ollama"].url == "http://nas.local:11434"
    assert next(b for b in settings.fleet.budgets if b.name == "cloud-day").limit == 2_000_000_000
    (warning,) = settings.warnings
    assert warning.key == "policy"
    assert "models, roles" in warning.message


def test_the_policy_argument_swaps_the_policy(small, write):
    """`--policy` takes the preset instead of the file's own; caps on models it does not know count nothing."""
    caps = '[budgets.far]\nlimit = "$1"\nwindow = "day"\nscope = { model = "far" }\n'
    caps += '[budgets.all]\nlimit = "$1"\nwindow = "day"\n'
    fleet = load(write("local_only = true\n" + small + caps), policy="default").fleet
    assert "near" not in fleet.models
    assert fleet.local_only
    assert {budget.name for budget in fleet.budgets} >= {"all", "cloud-day"}
    assert "far" not in {budget.name for budget in fleet.budgets}


@pytest.mark.parametrize("path", [None, "example"])
def test_an_unknown_policy_is_a_problem(path):
    """A policy that is not shipped is refused with the nearest one."""
    with pytest.raises(ConfigError) as caught:
        load(example_path() if path else None, policy="defualt")
    assert [problem.nearest for problem in caught.value.problems] == ["default"]


# --- single values --------------------------------------------------------------------------------------------------


def test_a_small_configuration_needs_no_preset(small, write):
    """Everything stated, nothing inherited: the fleet is what the file says."""
    settings = load(write(small))
    assert set(settings.fleet.models) == {"near", "far"}
    assert settings.ui == Ui()
    assert settings.discover
    assert settings.source.endswith("config.toml")


def test_budgets_keep_their_unit_and_window(small, write):
    """A cap is an integer in its own unit over its own window."""
    text = small + '[budgets.b]\nlimit = "$1.50"\nwindow = "5h rolling"\nscope = { model = "FAR", tier = "T0" }\n'
    (budget,) = load(write(text)).fleet.budgets
    assert (budget.limit, budget.unit, budget.window) == (1_500_000_000, BudgetUnit.NANO_USD, Window(seconds=18000))
    assert (budget.scope.model, budget.scope.tier) == ("far", Tier.T0)


def test_screen_settings(small, write):
    """Theme, keys and refresh rate come from [ui]."""
    text = 'discover = false\n[ui]\ntheme = "sea"\nrefresh_hz = 2\nkeymap = { quit = "ctrl+q" }\n' + small
    settings = load(write(text))
    assert settings.ui == Ui(theme="sea", refresh_hz=2.0, keymap={"quit": "ctrl+q"})
    assert not settings.discover


def test_models_may_be_named_by_alias_or_id(small, write):
    """A role may use any name of a model; the fleet holds the model's own."""
    text = small.replace('["far"]', '["SKY/claude-opus-4-6"]').replace('primary = "near"', 'primary = "n"')
    role = load(write(text.replace('tier = "T1"', 'tier = "T1"\naliases = ["n"]'))).fleet.roles["general"]
    assert (role.primary, role.fallbacks) == ("near", ("far",))


@pytest.mark.parametrize(
    ("url", "kind", "locality"),
    [
        ("http://127.0.0.1:1", "ollama", "local"),
        ("http://localhost:1", "vllm", "local"),
        ("http://[::1]:1", "llama.cpp", "local"),
        ("http://192.168.1.5:1", "lmstudio", "local"),
        ("http://100.64.0.7:1", "vllm", "local"),
        ("http://nas.local:1", "ollama", "local"),
        ("http://host.containers.internal:11434", "ollama", "local"),
        ("http://gpubox:1", "vllm", "local"),
        ("https://ollama.com", "ollama", "cloud"),
        ("https://vllm.example.com/v1", "vllm", "cloud"),
        ("http://8.8.8.8:1", "llama.cpp", "cloud"),
        ("https://api.cerebras.ai/v1", "openai-compatible", "cloud"),
        ("https://api.openai.com/v1", "openai", "cloud"),
        ("http://127.0.0.1:4000", "anthropic", "cloud"),  # a relay on this machine still relays
    ],
)
def test_locality_is_derived(small, write, url, kind, locality):
    """Near addresses are local, cloud kinds and public addresses are cloud."""
    text = small + f'[endpoints.e]\nurl = "{url}"\nkind = "{kind}"\n'
    assert load(write(text)).fleet.endpoints["e"].locality == locality


@pytest.mark.parametrize("stated", ["local", "cloud"])
def test_a_gateway_on_this_machine_states_its_locality(small, write, stated):
    """A gateway at a near address may relay anywhere, so what is stated holds."""
    text = small + f'[endpoints.g]\nurl = "http://127.0.0.1:4000"\nkind = "openai-compatible"\nlocality = "{stated}"\n'
    assert load(write(text)).fleet.endpoints["g"].locality == stated


# --- prices -----------------------------------------------------------------------------------------------------------


def priced(write, small, model, endpoint='url = "https://api.openai.com/v1"\nkind = "openai"'):
    text = f'{small}[endpoints.e]\n{endpoint}\n[models.m]\nendpoint = "e"\ntier = "T1"\n{model}\n'
    return load(write(text)).fleet.models["m"]


def test_known_prices_fill_what_is_not_stated(write, small):
    """A known id brings its price and window; a stated value wins."""
    model = priced(write, small, 'id = "gpt-5.4-mini"\nprice_in = "$9/Mtok"')
    assert (model.price_in, model.price_out, model.context) == (9000, 4500, 272_000)


def test_a_known_id_brings_its_price_step_and_its_caches_price(write, small):
    model = priced(write, small, 'id = "gpt-6.1-sol"')
    assert (model.price_in, model.price_above, model.price_in_above, model.price_out_above) == (
        2000,
        272_000,
        4000,
        15_000,
    )
    assert (model.price_cached, model.price_cache_write, model.context) == (100, 2500, 922_000)


def test_whoever_states_a_price_states_the_whole_list(write, small):
    """A step of the table above somebody's own price would be cheaper than that price."""
    model = priced(write, small, 'id = "gpt-6.1-sol"\nprice_in = "$9/Mtok"')
    assert (model.price_in, model.price_above, model.price_in_above, model.price_cache_write) == (
        9000,
        None,
        None,
        None,
    )


def test_a_price_beyond_a_step_needs_the_step(write, small):
    with pytest.raises(ConfigError, match="price_above"):
        priced(write, small, 'id = "x"\nprice_in = "$1/Mtok"\nprice_out = "$1/Mtok"\nprice_in_above = "$2/Mtok"')


def test_a_stated_window_bounds_the_filled_answer(write, small):
    """The filled max_output never exceeds a window stated smaller."""
    assert priced(write, small, 'id = "gpt-6.1-sol"\ncontext = 8_000').max_output == 8_000


def test_unknown_models_stay_unknown(write, small):
    """No row, no statement: None, which is neither zero nor free."""
    model = priced(write, small, 'id = "gpt-99"')
    assert (model.price_in, model.price_out, model.context) == (None, None, None)


def test_local_models_cost_nothing_and_relays_do(write, small):
    """On our own machine a token costs nothing; an Ollama relay is a cloud call of unknown price."""
    ollama = 'url = "http://127.0.0.1:11434"\nkind = "ollama"'
    assert priced(write, small, 'id = "qwen3:8b"', ollama).price_out == 0
    assert priced(write, small, 'id = "gpt-oss:120b-cloud"', ollama).price_out is None


def test_compatible_endpoints_are_priced_by_their_host(write, small):
    """Who runs an OpenAI-compatible endpoint decides the price, not the dialect."""
    cerebras = 'url = "https://api.cerebras.ai/v1"\nkind = "openai-compatible"'
    assert priced(write, small, 'id = "gpt-oss-120b"', cerebras).price_in == 350
    assert priced(write, small, 'id = "gpt-oss-120b"', cerebras.replace("cerebras", "example")).price_in is None


def test_prices_are_dated():
    """Figures without a date cannot be trusted."""
    assert prices_date() == "2026-11-21"


# --- warnings ---------------------------------------------------------------------------------------------------------

DEEPSEEK = '[endpoints.d]\nurl = "https://api.deepseek.com"\nkind = "deepseek"\n'


@pytest.mark.parametrize(
    ("snippet", "key", "says"),
    [
        (
            DEEPSEEK + '[models.m]\nid = "deepseek-chat"\nendpoint = "d"\ntier = "T1"\n',
            "models.m.id",
            "2026-07-24.*deepseek-v4-flash",
        ),
        (
            '[endpoints.o]\nurl = "https://api.openai.com/v1"\nkind = "openai"\n'
            '[models.m]\nid = "gpt-5.3-codex"\nendpoint = "o"\ntier = "T1"\n',
            "models.m.id",
            "Responses API",
        ),
        (
            '[models.old]\nid = "old"\nendpoint = "box"\ntier = "T1"\nretired = "use near"\n'
            '[roles.r]\nprimary = "near"\nfallbacks = ["old"]\n',
            "roles.r.fallbacks[0]",
            "retired.*use near",
        ),
        (
            '[models.off]\nid = "off"\nendpoint = "box"\ntier = "T1"\nenabled = false\n'
            '[roles.r]\nprimary = "off"\nfallbacks = ["near"]\n',
            "roles.r.primary",
            "switched off",
        ),
        (
            '[endpoints.twin]\nurl = "http://localhost:8080/v1/"\nkind = "llama.cpp"\n',
            "endpoints.twin.url",
            "same address",
        ),
        (
            '[roles.r]\nprimary = "far"\nfallbacks = ["near"]\ncloud_only = true\n',
            "roles.r.fallbacks",
            "cloud-only",
        ),
    ],
)
def test_what_still_works_is_a_warning(small, write, snippet, key, says):
    """Stale ids, dead entries and shared addresses are told at load and stop nothing (scenarios.md A9)."""
    (warning,) = load(write(small + snippet)).warnings
    assert warning.key == key
    assert re.search(says, warning.message)


def test_switched_off_models_leave_the_fleet(small, write):
    """`enabled = false` on an endpoint takes its models along; roles skip them."""
    fleet = load(write(small.replace('kind = "anthropic"', 'kind = "anthropic"\nenabled = false'))).fleet
    assert set(fleet.models) == {"near"}
    assert fleet.roles["general"].fallbacks == ()


# --- the revision -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("127.0.0.1:8080", "127.0.0.1:9090", True),
        ("ANTHROPIC_API_KEY", "OTHER_KEY", True),
        ('"qwen3"', '"qwen4"', False),
        ('tier = "T0"', 'tier = "T3"', False),
        ('fallbacks = ["far"]', "fallbacks = []", False),
        ("[roles.general]", '[[routes]]\nrole = "general"\n[roles.general]', False),
        ("[roles.general]", "[[bands]]\nat = 80\n[roles.general]", False),
        ("[endpoints.box]", "local_only = true\n[endpoints.box]", False),
        ('kind = "llama.cpp"', 'kind = "llama.cpp"\nlocality = "cloud"', False),  # where it computes decides who may
        ('kind = "llama.cpp"', 'kind = "vllm"', False),
        ('kind = "llama.cpp"', 'kind = "llama.cpp"\ngroup = "gpu0"', False),
    ],
)
def test_the_revision_follows_the_policy(small, write, old, new, same):
    """12 hexadecimal digits that change with anything that can change a decision, and with nothing else."""
    before, after = load(write(small)).fleet.revision, load(write(small.replace(old, new, 1))).fleet.revision
    assert len(before) == 12 and int(before, 16) >= 0
    assert (before == after) == same


def test_the_revision_is_the_same_in_every_process(small, write):
    """Sets and hash seeds leave no trace: two processes agree on the revision."""
    path = write(small.replace('tier = "T0"', 'tier = "T0"\ncapabilities = ["chat", "vision", "tools"]'))
    program = (
        "import sys,pathlib; from pointsman.config import load; print(load(pathlib.Path(sys.argv[1])).fleet.revision)"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program, str(path)],
            capture_output=True,
            check=True,
            text=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_machines_elsewhere_and_model_folders_are_read(small: str, tmp_path: Path) -> None:
    """One address or several; a machine without any, and what is no address, are problems."""
    path = tmp_path / "c.toml"
    path.write_text(
        'model_dirs = ["~/models"]\n'
        + small
        + '[hosts.a]\nmetrics_url = "http://10.0.0.7:9100/metrics"\n[hosts.b]\nmetrics_url = ["http://b:1/", "http://b:2/"]\n'
    )
    settings = load(path)
    assert settings.model_dirs == ("~/models",)
    assert settings.hosts == {"a": ("http://10.0.0.7:9100/metrics",), "b": ("http://b:1/", "http://b:2/")}
    path.write_text(small + '[hosts.a]\n[hosts.b]\nmetrics_url = "here"\n')
    with pytest.raises(ConfigError) as wrong:
        load(path)
    assert {problem.key for problem in wrong.value.problems} == {"hosts.a.metrics_url", "hosts.b.metrics_url"}
