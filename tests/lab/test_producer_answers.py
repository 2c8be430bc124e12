import io
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from lab.process import LabError
from lab.producer import ProducerJvm


def test_a_command_fails_at_once_if_its_jvm_is_killed_while_the_answers_are_read(tmp_path):
    answers = io.BytesIO(b"")
    answers.close()
    answer = Future()
    jvm = ProducerJvm(jmx=False, java="java", folder=tmp_path)

    jvm._read_answers(SimpleNamespace(stdout=answers, exit_code=-9, log_tail=lambda: "killed"), {"1": answer})
    jvm.close()

    with pytest.raises(LabError, match="ended"):
        answer.result(0)
