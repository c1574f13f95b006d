import os

import pytest

from nas.executors import call, start_server


def doubled(value: int) -> tuple[int, int]:
    return 2 * value, os.getpid()


def gone() -> None:
    os._exit(7)


def test_it_answers_from_another_process():
    found, process = call(start_server(()), doubled, 21)
    assert found == 42
    assert process != os.getpid()


def test_a_process_that_ends_is_an_error():
    with pytest.raises(ChildProcessError, match="exit code 7"):
        call(start_server(()), gone)
