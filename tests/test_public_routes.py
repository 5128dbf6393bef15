"""Every route that answers without a login is known; a new one has to be thought about and put on this list."""

from __future__ import annotations

import re

from bot.settings import ROOT

PUBLIC = {
    "/", "/<account_id>", "/api/feedback", "/api/items/<item_id:str>", "/api/items/<item_id:str>/flow.svg", "/api/jurisdictions",
    "/api/search", "/api/session", "/api/session/export", "/api/session/forget", "/embed.js", "/feedback", "/health", "/metrics", "/openapi.json", "/privacy",
    "/static/<name:path>", "/webhook", "/webhooks/web/webhook",
}  # fmt: skip
OF_STAFF_WITHOUT_LOGIN = {"/login", "/staff/static/<name:path>"}
ROUTE = re.compile(
    r"@\w+\.(?:get|post|put|patch|delete|head|options|route|websocket)\(\s*[rf]?\"([^\"]*)\"[^\n]*\n((?:\s*@[^\n]*\n)*)"
)


def test_no_route_is_public_by_oversight() -> None:
    public, open_staff = set(), set()
    for path in (ROOT / "bot").rglob("*.py"):
        for route, decorators in ROUTE.findall(path.read_text(encoding="utf-8")):
            if path.parts[-2] == "staff" and "@staff(" not in decorators:
                open_staff.add(route)
            elif path.parts[-2] != "staff":
                public.add(route)
    assert public == PUBLIC and open_staff == OF_STAFF_WITHOUT_LOGIN


def test_nothing_adds_routes_in_another_way() -> None:
    for path in (ROOT / "bot").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert ".add_route(" not in text and ".static(" not in text and "enable_api=True" not in text, path
