import argparse

import pytest


@pytest.fixture
def printed(capsys, verb):
    """Return a function that runs the ``verb``, a fixture of the test's module, and returns what it prints."""

    def printed(*words):
        parser = argparse.ArgumentParser()
        verb.add_arguments(parser)
        assert verb.run(parser.parse_args(words)) == 0
        return capsys.readouterr().out

    return printed
