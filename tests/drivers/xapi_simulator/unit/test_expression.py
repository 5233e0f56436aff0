"""The language of get_all_where and get_all_records_where.

What is asserted follows the server's source (ocaml/database/db_filter_parse.mly), or what a test cites.
"""

from __future__ import annotations

import pytest
from drivers.xapi_simulator.clients.plain import Client
from hvlib_xapi_simulator.expression import stored_text


def names(client: Client, expression: str) -> set[str]:
    records = client("VM.get_all_records_where", expression)
    assert set(client("VM.get_all_where", expression)) == set(records)
    return {record["name_label"] for record in records.values()}


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ('field "name__label" = "vm-00001"', {"vm-00001"}),
        ('"vm-00001"=field"name__label"', {"vm-00001"}),
        ('\n\tfield "name__label" = "vm-00001" and true ', {"vm-00001"}),
        ('field "name__label" = "vm-00001" and false', set()),
        ('(field "name__label" = "vm-00001") or (field "name__label" = "vm-00002")', {"vm-00001", "vm-00002"}),
        ('field "power_state" = "Suspended" and not (field "name__label" = "vm-00007")', {"vm-00017"}),
        ('field "VCPUs__max" = "1" and field "name__label" = "vm-00001"', {"vm-00001"}),
        ('field "is_a_template" = "true" and field "is_default_template" = "true"', {"Other install media"}),
        ('field "tags" = "(\'simulated\')" and field "name__label" = "vm-00006"', {"vm-00006"}),
        ('field "name__label" = "VM-00001"', set()),
    ],
)
def test_expressions(client: Client, expression: str, found: set[str]) -> None:
    """ocaml/database/db_filter.ml: everything is compared as the text that the database stores."""
    assert names(client, expression) == found


def test_references_are_compared_too(client: Client) -> None:
    (host, *_) = client("host.get_all")
    assert names(client, f'field "resident_on" = "{host}"') == {
        client("VM.get_name_label", vm) for vm in client("host.get_resident_VMs", host)
    }
    vm = client.vm()
    assert client("VM.get_all_where", f'field "_ref" = "{vm}"') == [vm]


def test_and_and_or_bind_alike_from_the_left(client: Client) -> None:
    """ocaml/database/db_filter_parse.mly: %left LAND LOR."""
    assert names(client, "true or true and false") == set()
    assert len(names(client, "false and true or true")) == 25


def test_not_binds_less_than_and(client: Client) -> None:
    """ocaml/database/db_filter_parse.mly: %right LNOT comes first, so that it binds least."""
    assert len(names(client, "not false and false")) == 25


@pytest.mark.parametrize(
    "expression", ["", "x", 'field "a"', '"a" = ', "(true", "true false", "true = true", 'field "a']
)
def test_malformed_expressions(client: Client, expression: str) -> None:
    """ocaml/xapi/exnHelper.ml: Expression_error is INVALID_VALUE."""
    error = client.refused("VM.get_all_records_where", expression)
    assert error[:2] == ["INVALID_VALUE", expression]


@pytest.mark.parametrize("field", ["name_label", "none"])
def test_fields_have_their_names_in_the_database(client: Client, field: str) -> None:
    """ocaml/database/db_cache_types.ml, Row.find: a missing field is an internal error."""
    error = client.refused("VM.get_all_records_where", f'field "{field}" = "x"')
    assert error == ["INTERNAL_ERROR", "missing field", field, ""]


def test_the_pools_name_is_in_no_name_space(client: Client) -> None:
    assert client("pool.get_all_where", 'field "name_label" = "hvlib"')


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (5, "5"),
        ([], "()"),
        (["a", "it's"], "('a' 'it\\'s')"),
        ({"k": "v"}, "(('k' 'v'))"),
    ],
)
def test_stored_text(value: object, text: str) -> None:
    """ocaml/database/string_marshall_helper.ml: sets and maps are S-expressions."""
    assert stored_text(value) == text
