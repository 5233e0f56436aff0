"""Docstrings begin with their subject: with a verb or a noun, not with a word that stands for one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("hvlib", "drivers", "tests", "benchmarks", "examples", "docs")
STANDS_FOR_A_NOUN = re.compile(r"(What|Those|It|Of|Nobody|None)\b")


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The docstrings of modules, classes and functions, and the strings below attributes, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_docstring_begins_with_a_word_that_stands_for_a_noun(folder: str) -> None:
    bad = [
        f"{file.relative_to(ROOT)}:{line}: {text.splitlines()[0]}"
        for file in sorted((ROOT / folder).rglob("*.py"))
        for line, text in docstrings(ast.parse(file.read_text(encoding="utf-8")))
        if STANDS_FOR_A_NOUN.match(text.strip())
    ]
    assert bad == []
