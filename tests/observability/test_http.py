"""bot.observability.http: ids of requests, who may read the metrics."""

from __future__ import annotations

import ipaddress
import re

import pytest

from bot.errors import SettingsError
from bot.observability.http import is_allowed, request_id
from bot.settings import read_settings
from bot.text import mask


def test_a_plain_id_is_kept_and_any_other_replaced() -> None:
    assert request_id("abc-1.2_3") == "abc-1.2_3"
    for bad in (None, "", "x" * 65, "a b", "a\nb", '{"a":1}', "补卡"):
        assert re.fullmatch(r"[0-9a-f]{32}", request_id(bad))


@pytest.mark.parametrize("number", ["110105194912310021", "13812345678", "138-1234-5678", "a13812345678", "6222020100012345678"])
def test_a_personal_number_is_no_id_and_does_not_get_into_the_log(number: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", request_id(number)) and number not in request_id(number)


@pytest.mark.parametrize("given", ["b5907ccf0948469289c726f7573a6c78", "b62461ca-0e5c-4605-805d-231071e4d092"])
def test_random_ids_are_kept_although_their_digits_may_read_like_a_number(given: str) -> None:
    assert mask(given) != given and request_id(given) == given


def test_metrics_are_for_listed_addresses() -> None:
    allowed = read_settings({"METRICS_FROM": "127.0.0.1, 10.1.0.0/16"}).metrics_from
    assert [is_allowed(a, allowed) for a in ("127.0.0.1", "10.1.2.3", "10.2.0.1", "::1", "", None)] == [True, True, *[False] * 4]
    assert read_settings({}).metrics_from == (ipaddress.ip_network("127.0.0.1"), ipaddress.ip_network("::1"))
    assert read_settings({"METRICS_FROM": ""}).metrics_from == ()


@pytest.mark.parametrize(("name", "value"), [("METRICS_FROM", "everybody"), ("LOG_FORMAT", "xml"), ("LOG_LEVEL", "loud")])
def test_wrong_settings_are_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings({name: value})
