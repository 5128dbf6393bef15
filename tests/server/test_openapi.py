"""The running server is what its OpenAPI description says, tried with generated requests, right ones and wrong ones."""

from __future__ import annotations

import ast
import json
from typing import Any

import hypothesis
import pytest
import schemathesis
import yaml
from schemathesis import Case
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from bot.knowledge.queries import Knowledge
from bot.settings import ROOT
from tests.conftest import Server

pytestmark = [pytest.mark.server, pytest.mark.property]
FILE = ROOT / "bot" / "channels" / "openapi.yml"
ELSEWHERE = {  # routes that are no part of the public interface
    "web": {"/", "/embed.js", "/static/<name:path>", "/privacy"},
    "wechat": {"/<account_id>"},
}


@pytest.fixture(scope="session")
def api(server: Server) -> Any:
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@hypothesis.settings(
    max_examples=max(15, hypothesis.settings.get_profile("nightly").max_examples // 10)
    if hypothesis.settings.get_current_profile_name() == "nightly"
    else 15,
    suppress_health_check=list(hypothesis.HealthCheck),
    deadline=None,
)
def test_every_operation_keeps_to_its_description(case: Case) -> None:
    response = case.call()
    excluded: list[Any] = []
    if response.status_code == 413:  # a refusal, too, which that check does not know
        excluded = [negative_data_rejection]
    elif "the id of an item is needed" in response.text:  # of the right form, but there is no such item
        excluded = [positive_data_acceptance]
    case.validate_response(response, excluded_checks=excluded)


def test_every_route_is_described() -> None:
    described = set(yaml.safe_load(FILE.read_text(encoding="utf-8"))["paths"])
    for module, prefix in (("lookup", ""), ("rest", "/webhooks/rest"), ("web", "")):
        tree = ast.parse((ROOT / "bot" / "channels" / f"{module}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("routes.get", "routes.post"):
                route = ast.literal_eval(node.args[0])
                path = prefix + route.replace("<item_id:str>", "{id}")
                assert path in described or route in ELSEWHERE.get(module, ()), path


def test_the_examples_of_the_description_work(server: Server, knowledge: Knowledge) -> None:
    for path, operations in server.request("/openapi.json")[1]["paths"].items():
        for operation in operations.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            if "example" in content:
                assert server.request(path, json.dumps(content["example"]).encode())[0] in (200, 201)


def test_the_enumerated_places_are_those_of_the_knowledge(knowledge: Knowledge) -> None:
    places = yaml.safe_load(FILE.read_text(encoding="utf-8"))["components"]["schemas"]["Jurisdiction"]["enum"]
    assert places == list(knowledge.jurisdictions)
