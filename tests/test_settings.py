"""Settings: one table, one order of precedence, and clear words for what is wrong."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.clock import MINUTE, SECOND
from mainspring.errors import InvalidSetting
from mainspring.settings import Settings, environment_names, load_settings, table


def port_of(folder: Path, env: dict[str, str] | None = None, flag: int | None = None) -> tuple[int, str]:
    settings = load_settings({"port": flag}, env or {}, folder)
    return settings.port, settings.sources.get("port", "default")


def test_defaults(tmp_path: Path) -> None:
    settings = load_settings(env={}, dir=tmp_path)
    assert settings == Settings()
    assert settings.api_url == "http://127.0.0.1:2020"
    assert settings.host == "127.0.0.1"
    assert settings.database == "sqlite:///.mainspring/mainspring.db"
    assert settings.warnings == ()
    assert {source for _, _, source in settings.describe()} == {"default"}


def test_each_source_gives_way_to_the_one_above(tmp_path: Path) -> None:
    assert port_of(tmp_path) == (2020, "default")
    (tmp_path / "pyproject.toml").write_text("[tool.mainspring]\nport = 1")
    assert port_of(tmp_path) == (1, "pyproject.toml")
    (tmp_path / "mainspring.toml").write_text("port = 2")
    assert port_of(tmp_path) == (2, "mainspring.toml")
    (tmp_path / "port").write_text("3\n")
    (tmp_path / ".env").write_text(f"MAINSPRING_PORT_FILE={tmp_path / 'port'}")
    assert port_of(tmp_path) == (3, "MAINSPRING_PORT_FILE in .env")
    (tmp_path / ".env").write_text("MAINSPRING_PORT=4")
    assert port_of(tmp_path) == (4, "MAINSPRING_PORT in .env")
    from_file = {"MAINSPRING_PORT_FILE": str(tmp_path / "port")}
    assert port_of(tmp_path, from_file) == (3, "MAINSPRING_PORT_FILE")
    assert port_of(tmp_path, from_file | {"PORT": "5"}) == (5, "PORT")
    assert port_of(tmp_path, from_file | {"PORT": "5", "MAINSPRING_PORT": "6"}) == (6, "MAINSPRING_PORT")
    assert port_of(tmp_path, {"MAINSPRING_PORT": "6"}, flag=7) == (7, "flag")


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    assert load_settings(env={"MAINSPRING_API_KEY": "", "PORT": ""}, dir=tmp_path) == Settings()


def test_values_are_turned_into_what_they_are(tmp_path: Path) -> None:
    env = {
        "MAINSPRING_API_URL": "https://mainspring.example/",
        "MAINSPRING_MAX_PAYLOAD_BYTES": "512 KiB",
        "MAINSPRING_MAX_BODY_BYTES": "2_000_000",
        "MAINSPRING_LEASE_TIMEOUT": "1 minute",
        "MAINSPRING_HEARTBEAT_EVERY": "2",
        "MAINSPRING_SQLITE_SYNCHRONOUS": "normal",
        "MAINSPRING_DATA_DIR": "/var/lib/mainspring",
    }
    settings = load_settings(env=env, dir=tmp_path)
    assert settings.api_url == "https://mainspring.example"
    assert settings.max_payload_bytes == 512 * 1024
    assert settings.max_body_bytes == 2_000_000
    assert settings.lease_timeout == MINUTE
    assert settings.heartbeat_every == 2 * SECOND
    assert settings.sqlite_synchronous == "NORMAL"
    assert settings.database == "sqlite:////var/lib/mainspring/mainspring.db"


def test_toml_takes_dashes_and_numbers(tmp_path: Path) -> None:
    (tmp_path / "mainspring.toml").write_text('worker-concurrency = 7\nlease-timeout = "20s"\n')
    settings = load_settings(env={}, dir=tmp_path)
    assert (settings.worker_concurrency, settings.lease_timeout) == (7, 20 * SECOND)


def test_a_dotenv_is_read_as_people_write_it(tmp_path: Path) -> None:
    lines = [
        "# a comment",
        "export MAINSPRING_HOST=0.0.0.0   # why",
        "MAINSPRING_API_KEY='tr_dev_a#b'",
        'DATABASE_URL="sqlite:///a \\"b\\".db" # quoted',
        "MAINSPRING_WORKER_ID=a#b",
        "MAINSPRING_LOG_LEVEL=",
        "not a line of ours",
        "OTHER=1",
    ]
    (tmp_path / ".env").write_text("\n".join(lines))
    settings = load_settings(env={}, dir=tmp_path)
    assert settings.host == "0.0.0.0"
    assert settings.api_key == "tr_dev_a#b"
    assert settings.database_url == 'sqlite:///a "b".db'
    assert settings.worker_id == "a#b"
    assert settings.log_level == "info"
    assert settings.warnings == ()


@given(st.text(max_size=100))
def test_no_dotenv_brings_down_the_reader(text: str) -> None:
    from mainspring.settings import _env_value

    assert isinstance(_env_value(text), str)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PORT", "http", "a whole number from 0 to 65,535"),
        ("PORT", "65536", "a whole number from 0 to 65,535"),
        ("PORT", "9" * 5_000, "a whole number"),
        ("MAINSPRING_API_URL", "localhost:2020", "a URL like http://127.0.0.1:2020"),
        ("MAINSPRING_MAX_BODY_BYTES", "much", 'a size like 1048576, "512 KiB"'),
        ("MAINSPRING_MAX_BODY_BYTES", "0", "a size"),
        ("MAINSPRING_LEASE_TIMEOUT", "soon", 'a duration like "3s"'),
        ("MAINSPRING_LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        ("MAINSPRING_SQLITE_SYNCHRONOUS", "OFF", "one of FULL, NORMAL"),
    ],
)
def test_a_wrong_value_names_setting_source_and_what_was_expected(
    tmp_path: Path, name: str, value: str, expected: str
) -> None:
    with pytest.raises(InvalidSetting) as caught:
        load_settings(env={name: value}, dir=tmp_path)
    assert name in str(caught.value)
    assert f"expected {expected}" in str(caught.value)
    assert caught.value.source == name


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"api_key: the file /nowhere .* cannot be read"):
        load_settings(env={"MAINSPRING_API_KEY_FILE": "/nowhere"}, dir=tmp_path)
    (tmp_path / "mainspring.toml").write_text("port = ")
    with pytest.raises(InvalidSetting, match=r"mainspring\.toml cannot be read: Invalid value"):
        load_settings(env={}, dir=tmp_path)


def test_names_that_only_look_like_settings_are_told(tmp_path: Path) -> None:
    (tmp_path / "mainspring.toml").write_text("prot = 1")
    env = {"MAINSPRING_APIKEY": "x", "MAINSPRING_ZZZ": "x", "MAINSPRING_API_KEY_FILE": "", "OTHER": "x"}
    assert load_settings(env=env, dir=tmp_path).warnings == (
        "MAINSPRING_APIKEY is not a setting; did you mean MAINSPRING_API_KEY?",
        "MAINSPRING_ZZZ is not a setting; `mainspring config` lists them all",
        "prot in mainspring.toml is not a setting; did you mean port?",
    )


def test_secrets_are_masked(tmp_path: Path) -> None:
    env = {"MAINSPRING_API_KEY": "tr_dev_0123456789abcdef", "DATABASE_URL": "postgresql://ada:s3cret@db/shop"}
    shown = {name: (value, source) for name, value, source in load_settings(env=env, dir=tmp_path).describe()}
    assert shown["api_key"] == ("••••cdef", "MAINSPRING_API_KEY")
    assert shown["database_url"] == ("postgresql://ada:••••@db/shop", "DATABASE_URL")
    assert shown["max_payload_bytes"] == ("1 MiB", "default")
    assert shown["lease_timeout"] == ("10s", "default")


def test_a_short_secret_shows_nothing_of_itself(tmp_path: Path) -> None:
    settings = load_settings(env={"MAINSPRING_API_KEY": "hunter2"}, dir=tmp_path)
    assert ("api_key", "••••", "MAINSPRING_API_KEY") in settings.describe()


def test_every_row_has_a_line_of_doc_and_a_default_its_parser_would_give() -> None:
    for row in table():
        assert row.metadata["doc"].endswith("."), row.name
        assert environment_names(row)[0] == f"MAINSPRING_{row.name.upper()}"
        if row.type in (int, str) and row.default is not None and row.metadata["parse"].__name__ != "_span":
            assert row.metadata["parse"](str(row.default)) == row.default, row.name


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]
