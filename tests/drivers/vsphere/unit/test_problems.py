from __future__ import annotations

from typing import Any

import pytest
from hvlib_vsphere.problems import host_problem, machine_problem
from hvlib_vsphere.wire.schema import Structure

QUESTION = Structure("VirtualMachineQuestionInfo", {"id": "1", "text": "Was it moved or copied?"})


@pytest.mark.parametrize(
    ("connection", "question", "problem"),
    [
        ("connected", None, None),
        (None, None, None),
        ("connected", QUESTION, "the VM waits for an answer: Was it moved or copied?"),
        ("orphaned", None, "orphaned: the host does not have the VM any more, or has it under another vCenter"),
        ("inaccessible", None, "inaccessible: the host can't read the files of the VM"),
        ("disconnected", None, "disconnected: the host of the VM is not connected"),
        ("invalid", None, "invalid: the configuration of the VM is invalid"),
        (
            "disconnected",
            QUESTION,
            "disconnected: the host of the VM is not connected; the VM waits for an answer: Was it moved or copied?",
        ),
    ],
)
def test_problems_of_machines(connection: str | None, question: Any, problem: str | None) -> None:
    assert machine_problem(connection, question) == problem


@pytest.mark.parametrize(
    ("connection", "problem"),
    [
        ("connected", None),
        (None, None),
        ("disconnected", "disconnected: the host was disconnected from the vCenter"),
        ("notResponding", "notResponding: the host does not respond"),
    ],
)
def test_problems_of_hosts(connection: str | None, problem: str | None) -> None:
    assert host_problem(connection) == problem
