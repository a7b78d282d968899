"""Pytest leaves the asserts of our own modules as they are."""

import importlib
import sys

import pytest


def test_our_modules_are_loaded_as_they_are(pytestconfig: pytest.Config) -> None:
    name = "mainspring.bench.limits"
    sys.modules.pop(name, None)
    module = importlib.import_module(name)
    assert not isinstance(module.__loader__, type(pytestconfig.pluginmanager.rewrite_hook))
