"""bot.observability.http: ids of requests, who may read the metrics."""

from __future__ import annotations

import ipaddress
import re

import pytest

from bot.errors import SettingsError
from bot.observability.http import is_allowed, request_id
from bot.settings import read_settings


def test_a_plain_id_is_kept_and_any_other_replaced() -> None:
    assert request_id("abc-1.2_3") == "abc-1.2_3"
    for bad in (None, "", "x" * 65, "a b", "a\nb", '{"a":1}', "补卡"):
        assert re.fullmatch(r"[0-9a-f]{32}", request_id(bad))


def test_metrics_are_for_listed_addresses() -> None:
    allowed = read_settings({"METRICS_FROM": "127.0.0.1, 10.1.0.0/16"}).metrics_from
    assert [is_allowed(a, allowed) for a in ("127.0.0.1", "10.1.2.3", "10.2.0.1", "::1", "", None)] == [True, True, *[False] * 4]
    assert read_settings({}).metrics_from == (ipaddress.ip_network("127.0.0.1"), ipaddress.ip_network("::1"))
    assert read_settings({"METRICS_FROM": ""}).metrics_from == ()


@pytest.mark.parametrize(("name", "value"), [("METRICS_FROM", "everybody"), ("LOG_FORMAT", "xml"), ("LOG_LEVEL", "loud")])
def test_wrong_settings_are_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings({name: value})
