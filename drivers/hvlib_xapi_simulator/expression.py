"""The language of get_all_where and get_all_records_where (ocaml/database/db_filter_lex.mll, db_filter_parse.mly).

``field "name__label" = "web" and not (field "is_a_template" = "true")``. The operators are =, and, or, not; the
constants true and false. Every value is compared as the text that the database stores. ``and`` and ``or`` bind alike,
from the left, and tighter than ``not``: ``not a and b`` is ``not (a and b)``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.table import Class

__all__ = ["parse", "stored_text"]

TOKEN = re.compile(r'[ \t\n]*(?:(?P<word>true|false|field|and|or|not|[=()])|"(?P<text>[^"]*)"|$)')

Values = Mapping[str, Any]
Condition = Callable[[str, Values], bool]
Operand = Callable[[str, Values], str]


RESERVED = "reserved"
"""A column that VBDs and VIFs have in the database and not on the wire (ocaml/idl/datamodel.ml, internal_only)."""


def parse(of: Class, text: str, reserved: Collection[str] = ()) -> Condition:
    """Read an expression into a test of an object's reference and fields. Raises INVALID_VALUE.

    ``reserved``: the references of the VBDs and VIFs that a start or a migration has reserved.
    """
    return _Parser(of, text, reserved).whole()


def stored_text(value: Any) -> str:
    """Return a value as the database stores it (ocaml/database/string_marshall_helper.ml)."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case dict():
            return "(" + " ".join(f"({_quoted(key)} {_quoted(item)})" for key, item in value.items()) + ")"
        case list():
            return "(" + " ".join(map(_quoted, value)) + ")"
    return str(value)


def _quoted(value: Any) -> str:
    text = stored_text(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


class _Parser:
    def __init__(self, of: Class, text: str, reserved: Collection[str]) -> None:
        self._text = text
        self._reserved = reserved if of.name in ("VBD", "VIF") else None
        self._columns = {of.column(name): name for name in of.fields}
        self._tokens = self._scan(text)

    def whole(self) -> Condition:
        condition = self._condition()
        if self._tokens:
            raise self._error()
        return condition

    def _condition(self) -> Condition:
        left = self._term()
        while self._tokens and self._tokens[0] in (("word", "and"), ("word", "or")):
            _, operator = self._tokens.pop(0)
            left = _both(left, self._term()) if operator == "and" else _either(left, self._term())
        return left

    def _term(self) -> Condition:
        match self._next():
            case "word", "true":
                return lambda _ref, _values: True
            case "word", "false":
                return lambda _ref, _values: False
            case "word", "not":
                negated = self._condition()
                return lambda ref, values: not negated(ref, values)
            case "word", "(":
                inner = self._condition()
                self._expect(")")
                return inner
            case token:
                left = self._operand(token)
                self._expect("=")
                return _equal(left, self._operand(self._next()))

    def _operand(self, token: tuple[str, str]) -> Operand:
        match token:
            case "text", literal:
                return lambda _ref, _values: literal
            case "word", "field":
                kind, name = self._next()
                if kind == "text":
                    return self._field(name)
        raise self._error()

    def _field(self, column: str) -> Operand:
        if column == "_ref":
            return lambda ref, _values: ref
        if column == RESERVED and (reserved := self._reserved) is not None:
            return lambda ref, _values: stored_text(ref in reserved)
        name = self._columns.get(column)

        def stored(_ref: str, values: Values) -> str:
            if name is None:
                raise Failure("INTERNAL_ERROR", "missing field", column, "")
            return stored_text(values[name])

        return stored

    def _expect(self, word: str) -> None:
        if self._next() != ("word", word):
            raise self._error()

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise self._error()
        return self._tokens.pop(0)

    def _scan(self, text: str) -> list[tuple[str, str]]:
        tokens, at = [], 0
        while at < len(text):
            found = TOKEN.match(text, at)
            if not found:
                raise self._error()
            if found.lastgroup:
                tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        return tokens

    def _error(self) -> Failure:
        return Failure("INVALID_VALUE", self._text, "Stdlib.Parsing.Parse_error")


def _both(left: Condition, right: Condition) -> Condition:
    return lambda ref, values: left(ref, values) and right(ref, values)


def _either(left: Condition, right: Condition) -> Condition:
    return lambda ref, values: left(ref, values) or right(ref, values)


def _equal(left: Operand, right: Operand) -> Condition:
    return lambda ref, values: left(ref, values) == right(ref, values)
