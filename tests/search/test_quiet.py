"""Threads that want Optuna quiet at the same time leave it as it was."""

import warnings

import optuna

from nas.search.quiet import Quiet


def test_the_last_to_go_puts_things_back() -> None:
    before, filters = optuna.logging.get_verbosity(), list(warnings.filters)
    optuna.logging.set_verbosity(optuna.logging.INFO)
    try:
        quiet = Quiet()
        quiet.__enter__()
        quiet.__enter__()
        quiet.__exit__(None, None, None)  # of the first, while the second still is in
        assert optuna.logging.get_verbosity() == optuna.logging.WARNING
        assert warnings.filters != filters
        quiet.__exit__(None, None, None)
        assert optuna.logging.get_verbosity() == optuna.logging.INFO
        assert list(warnings.filters) == filters
        with quiet:
            assert optuna.logging.get_verbosity() == optuna.logging.WARNING
        assert optuna.logging.get_verbosity() == optuna.logging.INFO
    finally:
        optuna.logging.set_verbosity(before)
