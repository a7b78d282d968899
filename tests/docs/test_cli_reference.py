"""The command line's reference page is what the command line says of itself."""

import doc_cli


def test_the_page_is_up_to_date() -> None:
    assert doc_cli.PAGE.read_text(encoding="utf-8") == doc_cli.page(), "run: python tests/doc_cli.py"


def test_every_option_and_argument_says_what_it_is_for() -> None:
    silent = [
        f"{words} {parameter.name}"
        for words, command in doc_cli.commands()
        for parameter in command.params
        if not getattr(parameter, "hidden", False) and not parameter.help
    ]
    assert silent == []
