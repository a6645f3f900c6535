"""Where keys come from, in which order, and that none of them says so to anybody else (promises.md S1, S2)."""

from __future__ import annotations

import base64
import copy
import json
import logging
import pickle
from types import SimpleNamespace

import pytest

from pointsman.adapters.secrets import Secret, Secrets, SecretsRefused

KEY = "zq7-canary+key/0123456789"


class KeyringError(Exception):
    pass


def ring(**kept: str) -> SimpleNamespace:
    asked: list[tuple[str, str]] = []

    def get_password(service: str, name: str) -> str | None:
        asked.append((service, name))
        if name == "LOCKED":
            raise KeyringError("locked")
        return kept.get(name)

    return SimpleNamespace(get_password=get_password, errors=SimpleNamespace(KeyringError=KeyringError), asked=asked)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "secrets.toml"
    path.touch(0o600)
    return path


def test_the_environment_is_asked_first_then_the_file_then_the_keyring(file):
    file.write_text('A = "from file"\nB = "file-b"\n')
    found = ring(A="ring-a", B="ring-b", C="ring-c")
    secrets = Secrets(environ={"A": "env-a"}, file=file, keyring=lambda: found)
    assert [secrets.source(name) for name in "ABCD"] == ["environment", "secrets file", "keyring", None]
    assert [secrets.find(name).reveal() for name in "ABC"] == ["env-a", "file-b", "ring-c"]
    assert secrets.find("D") is None
    secrets.find("C")
    assert found.asked.count(("pointsman", "C")) == 1


def test_a_locked_or_missing_keyring_is_no_key_and_no_error(file):
    assert Secrets(environ={}, file=file, keyring=lambda: ring()).find("LOCKED") is None
    assert Secrets(environ={}, file=file, keyring=lambda: None).find("X") is None


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o700 | 0o040])
def test_a_file_that_others_can_read_is_refused_with_what_to_do(file, mode):
    file.write_text(f'X = "{KEY}"')
    file.chmod(mode)
    with pytest.raises(SecretsRefused, match="chmod 600") as refused:
        Secrets(environ={}, file=file).find("X")
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("content", ["no toml [", "\x00"])
def test_a_file_that_cannot_be_read_is_told_without_its_content(file, content):
    file.write_text(content + KEY)
    with pytest.raises(SecretsRefused) as refused:
        Secrets(environ={}, file=file).find("X")
    assert KEY not in str(refused.value)


def test_a_file_that_is_not_there_is_no_error(tmp_path):
    assert Secrets(environ={}, file=tmp_path / "none", keyring=lambda: None).find("X") is None


@pytest.mark.parametrize("value", ["two words", "nön-ascii", "a\x07b"])
def test_what_cannot_be_a_key_is_refused_by_name_and_never_by_value(value):
    with pytest.raises(SecretsRefused) as refused:
        Secrets(environ={"X": value}).find("X")
    assert "environment variable X" in str(refused.value) and value not in str(refused.value)


def test_a_secret_shows_itself_to_nobody():
    secret = Secret(KEY)
    assert f"{secret} {secret!r} {secret:>8} {[secret]}".count("****") == 4
    for write in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            write(secret)
    assert not hasattr(secret, "__dict__") and secret.reveal() == KEY


@pytest.mark.parametrize("written", [KEY, base64.b64encode(KEY.encode()).decode(), "zq7-canary%2Bkey%2F0123456789"])
def test_redaction_knows_the_usual_writings_of_every_configured_key(written):
    secrets = Secrets(("X", "Y"), environ={"X": "other-0001", "Y": KEY})
    assert secrets.redact(f"it said {written} and other-0001") == "it said **** and ****"


def test_the_values_behind_refused_files_are_not_known_and_break_nothing(file):
    file.write_text("no toml [")
    assert Secrets(("X",), environ={}, file=file).known() == ()


def test_log_records_of_anybody_are_redacted_while_it_lasts(caplog):
    secrets = Secrets(("X",), environ={"X": KEY})
    log = logging.getLogger("anybody")
    with caplog.at_level(logging.DEBUG), secrets.out_of_logs():
        log.info('HTTP Request: GET https://x/?key=%s "%d"', KEY, 200)
        log.debug("broken %s %s", KEY)
    assert KEY not in caplog.text and "HTTP Request: GET" in caplog.text
    with caplog.at_level(logging.DEBUG):
        log.info("after %s", "it")
    assert "after it" in caplog.text
