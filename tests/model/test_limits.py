"""Limits: each is a setting of the same name, with one default."""

from dataclasses import fields

from mainspring.model.limits import Limits
from mainspring.settings import Settings, load_settings


def test_the_defaults_are_those_of_the_settings() -> None:
    assert Limits.of(Settings()) == Limits()


def test_every_limit_follows_its_setting() -> None:
    flags = {field.name: number for number, field in enumerate(fields(Limits), start=7)}
    limits = Limits.of(load_settings(flags, env={}))
    assert {field.name: getattr(limits, field.name) for field in fields(Limits)} == flags
