"""deploy/: what the files name is there: routes, settings, files, volumes, labels."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import ROOT, read_settings

DEPLOY = ROOT / "deploy"
OBJECTS = {
    f"{document['kind']}/{document['metadata']['name']}": document
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    if path.name != "kustomization.yaml"
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
}
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
DEPLOYMENT = OBJECTS["Deployment/bot"]["spec"]
POD = DEPLOYMENT["template"]["spec"]
SETTINGS = set(re.findall(r'"([A-Z][A-Z_]{3,})"', (ROOT / "bot" / "settings.py").read_text(encoding="utf-8")))


def routes() -> set[str]:
    """Return the routes that the channels' code declares, with the prefix of Rasa's own REST channel."""
    found = set()
    for path in (ROOT / "bot").rglob("*.py"):
        found |= set(re.findall(r'@\w+\.(?:get|post)\("([^"]*)"', path.read_text(encoding="utf-8")))
    return found | {"/webhooks/rest/"}


def _settings_of(names: Any) -> set[str]:
    return {name.removesuffix("_FILE") for name in names}


def test_every_setting_that_is_set_exists() -> None:
    assert "DATABASE_URL" in SETTINGS
    assert _settings_of(OBJECTS["ConfigMap/bot"]["data"]) <= SETTINGS
    assert _settings_of(COMPOSE["services"]["bot"]["environment"]) <= SETTINGS


def test_every_secret_file_that_is_named_is_in_the_secret() -> None:
    data = OBJECTS["ConfigMap/bot"]["data"]
    secret = OBJECTS["Secret/bot"]["stringData"]
    mount = next(mount for mount in POD["containers"][0]["volumeMounts"] if mount["name"] == "secrets")
    files = {Path(value) for name, value in data.items() if name.endswith("_FILE")}
    assert files == {Path(mount["mountPath"]) / key for key in secret}


def test_probes_ask_routes_that_exist_and_liveness_leaves_the_database_out() -> None:
    container = POD["containers"][0]
    paths = {name: container[name]["httpGet"]["path"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert set(paths.values()) <= routes()
    assert paths["readinessProbe"] == paths["startupProbe"] == "/health" != paths["livenessProbe"]


def test_an_update_never_leaves_fewer_processes_than_before() -> None:
    assert DEPLOYMENT["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert DEPLOYMENT["replicas"] >= 2
    stop = int(POD["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert POD["terminationGracePeriodSeconds"] > stop + 30, "a turn may take 30 s"


def test_selectors_meet_the_pods_and_mounts_meet_volumes() -> None:
    labels = DEPLOYMENT["template"]["metadata"]["labels"]
    selectors = (
        DEPLOYMENT["selector"]["matchLabels"],
        OBJECTS["Service/bot"]["spec"]["selector"],
        OBJECTS["PodDisruptionBudget/bot"]["spec"]["selector"]["matchLabels"],
        OBJECTS["NetworkPolicy/bot"]["spec"]["podSelector"]["matchLabels"],
    )
    assert all(selector.items() <= labels.items() and selector for selector in selectors)
    volumes = {volume["name"]: volume for volume in POD["volumes"]}
    for container in (*POD["initContainers"], *POD["containers"]):
        assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    assert f"PersistentVolumeClaim/{volumes['models']['persistentVolumeClaim']['claimName']}" in OBJECTS
    assert OBJECTS["PersistentVolumeClaim/models"]["spec"]["accessModes"] == ["ReadWriteMany"], "all processes see a promotion"


def test_residents_reach_their_pages_and_nothing_of_the_staffs() -> None:
    paths = [path for name in ("Ingress/bot", "Ingress/bot-wechat") for path in OBJECTS[name]["spec"]["rules"][0]["http"]["paths"]]
    known = routes()
    for path in paths:
        if path["pathType"] == "Exact":
            assert path["path"] in known, path
        else:
            assert not any(path["path"].startswith(page) for page in ("/staff", "/training", "/login", "/metrics")), path
    assert ("/", "Prefix") not in {(path["path"], path["pathType"]) for path in paths}


def test_no_ingress_logs_what_residents_ask_for() -> None:
    ingresses = [one for name, one in OBJECTS.items() if name.startswith("Ingress/")]
    assert len(ingresses) == 2
    for one in ingresses:
        assert one["metadata"]["annotations"]["nginx.ingress.kubernetes.io/enable-access-log"] == "false", one["metadata"]["name"]


def test_every_manifest_is_in_the_kustomization_but_the_example() -> None:
    listed = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    there = {path.name for path in (DEPLOY / "kubernetes").glob("*.yaml")} - {"kustomization.yaml", "secret.example.yaml"}
    assert set(listed) == there


def test_compose_mounts_and_waits_for_what_exists() -> None:
    services = COMPOSE["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in COMPOSE["volumes"] or source == "./certificates" or (DEPLOY / source).exists(), volume
    wanted = set(re.findall(r"\$\{(\w+):\?\}", (DEPLOY / "compose.yml").read_text(encoding="utf-8")))
    offered = set(re.findall(r"^(\w+)=", (DEPLOY / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert wanted == offered
    assert (DEPLOY / services["bot"]["build"]["context"] / services["bot"]["build"]["dockerfile"]).is_file()


def test_in_compose_only_nginx_is_believed_and_the_gateway_is_nobody() -> None:
    """What docker-proxy passes on, such as all IPv6, comes from the gateway: who it is cannot be known."""
    (network,) = COMPOSE["networks"]["inside"]["ipam"]["config"]
    subnet, gateway, others = (ipaddress.ip_network(network[name]) for name in ("subnet", "gateway", "ip_range"))
    nginx = ipaddress.ip_network(COMPOSE["services"]["nginx"]["networks"]["inside"]["ipv4_address"])
    trusted = read_settings({"TRUSTED_PROXIES": COMPOSE["services"]["bot"]["environment"]["TRUSTED_PROXIES"]}).trusted_proxies
    assert trusted == (nginx,) and nginx.subnet_of(subnet) and not nginx.subnet_of(others)
    assert gateway.subnet_of(subnet) and not gateway.subnet_of(others)
    assert re.search(
        rf"^ +{re.escape(str(gateway))} +0;", (DEPLOY / "nginx" / "bot.conf").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_the_image_copies_what_the_bot_reads_and_no_more() -> None:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {source for line in lines if line.startswith("COPY ") for source in line.split()[1:-1]}
    assert all((ROOT / source).exists() for source in copied)
    assert {"bot", "data", "knowledge", "config.yml", "domain.yml", "endpoints.yml", "credentials.yml"} <= copied
    ignored = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
    assert {".git", "var", "models", "tests"} <= ignored and not copied & ignored


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*")), ids=lambda path: path.name)
def test_no_secret_is_written_down(path: Path) -> None:
    if path.is_file():
        for name, value in re.findall(r"(?im)^\s*(\w*(?:password|session_key)\w*)[=:] *(\S+)", path.read_text(encoding="utf-8")):
            assert value.startswith(("${", "CHANGE-ME", "/run/secrets/")), name
