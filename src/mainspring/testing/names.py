"""The names of tasks in tests."""


def names_of(key: str) -> set[str]:
    """What a task of this key may be called in a test: with or without its parents, and the number of a repetition."""
    last = key.rpartition("/")[2]
    return {key, last, key.partition("#")[0] if "/" not in key else key, last.partition("#")[0]}
