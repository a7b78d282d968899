"""Rooms stay small: files, functions, parameters."""

import ast

from house.sources import Function, assert_none, package_sources

MOST_FILE_LINES = 400
MOST_FUNCTION_LINES = 50
MOST_PARAMETERS = 7


def test_files_have_at_most_400_lines() -> None:
    sizes = {source.name: len(source.text.splitlines()) for source in package_sources()}
    assert_none(
        "file-lines", [f"{name}: {size} lines" for name, size in sizes.items() if size > MOST_FILE_LINES]
    )


def test_functions_have_at_most_50_lines() -> None:
    found = []
    for source in package_sources():
        for name, function in source.functions():
            size = (function.end_lineno or 0) - function.lineno + 1
            if size > MOST_FUNCTION_LINES:
                found.append(f"{source.name}::{name}: {size} lines")
    assert_none("function-lines", found)


def test_functions_take_at_most_7_parameters() -> None:
    """Keyword-only options of public functions do not count: they are what people choose from."""
    found = []
    for source in package_sources():
        for name, function in source.functions():
            if (count := _counted_parameters(name, function)) > MOST_PARAMETERS:
                found.append(f"{source.name}::{name}: {count} parameters")
    assert_none("parameters", found)


def _counted_parameters(name: str, function: Function) -> int:
    given: list[ast.arg] = [*function.args.posonlyargs, *function.args.args]
    is_private = any(part.startswith("_") and not part.startswith("__") for part in name.split("."))
    if is_private:
        given += function.args.kwonlyargs
    return sum(argument.arg not in ("self", "cls") for argument in given)
