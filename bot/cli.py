"""The command line: `python -m bot COMMAND`. Only this module prints."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bot.errors import BotError, RequestError, SettingsError
from bot.models.registry import Model
from bot.secrets import read_secret
from bot.settings import ROOT, Settings, read_settings
from bot.training.progress import Tell


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code: 0 done, 1 findings, 2 wrong use or wrong input."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except BotError as error:
        print(f"bot: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bot", description="Government-service chatbot: knowledge, training, serving.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="build the knowledge base, train if needed, serve")
    run.set_defaults(run=_run)
    train = commands.add_parser("train", help="train a candidate if data, catalog or code changed")
    train.add_argument("--force", action="store_true", help="train even if nothing changed")
    train.add_argument("--stages", action="store_true", help="say how long each step took")
    train.add_argument("--check", action="store_true", help="train once more from nothing: how long, and is it the same model?")
    train.add_argument("--evaluate", action="store_true", help="then compare the candidate with the promoted model")
    train.add_argument("--events", action="store_true", help="show the progress as lines of JSON")
    train.add_argument("--nice", action="store_true", help="let everything else on the machine go first")
    train.add_argument("--by", help="who wants it, for the registry; the user of this command if missing")
    train.set_defaults(run=_train)

    knowledge = commands.add_parser("knowledge", help="the reviewed YAML").add_subparsers(required=True, metavar="ACTION")
    check = knowledge.add_parser("check", help="check every file under knowledge/")
    check.add_argument("folder", nargs="?", type=Path, default=ROOT / "knowledge")
    check.set_defaults(run=_knowledge_check)
    verify = knowledge.add_parser("verify", help="show which characters of a source document no field holds")
    verify.add_argument("--source", type=Path, required=True, help="the source document")
    verify.add_argument("--jurisdiction", help="its place; found by the items' names if missing")
    verify.set_defaults(run=_knowledge_verify)

    evaluate = commands.add_parser("evaluate", help="figures on the held-out questions, compared with the last run")
    evaluate.add_argument("model", nargs="?", metavar="MODEL", help="compare this model with the promoted one instead")
    evaluate.add_argument("--nice", action="store_true", help="let everything else on the machine go first (with MODEL)")
    evaluate.add_argument("--by", help="who wants it (with MODEL)")
    evaluate.add_argument("--heldout", type=Path, default=ROOT / "tests" / "heldout", help="folder of the three .jsonl sets")
    evaluate.add_argument("--results", type=Path, default=ROOT / "results", help="where a folder of this run is made")
    evaluate.add_argument("--quick", action="store_true", help="the model alone: no part left out, no baselines")
    evaluate.add_argument("--baselines", action="store_true", help="also train stock Rasa's DIET (slow; kept for the same data)")
    evaluate.set_defaults(run=_evaluate)

    models = commands.add_parser("models", help="show all models, or take in one that was trained elsewhere")
    models.add_argument("--add", type=Path, metavar="FILE", help="register this file as a candidate; only one that you trust")
    models.set_defaults(run=_models)
    promote = commands.add_parser("promote", help="let a candidate answer residents, if it passes the gate")
    promote.add_argument("model", metavar="MODEL", help="its id, or a part of it that no other has")
    promote.add_argument("--reason", default="", help="why; kept in the registry")
    promote.add_argument("--override", action="store_true", help="promote although the gate finds a loss; needs a reason")
    promote.set_defaults(run=_promote)
    rollback = commands.add_parser("rollback", help="let the model before the promoted one answer again")
    rollback.add_argument("--reason", default="", help="why; kept in the registry")
    rollback.set_defaults(run=_rollback)

    profile = commands.add_parser("profile", help="time and memory of each part of one turn")
    profile.add_argument("question", help="what the resident says")
    profile.add_argument(
        "--after", action="append", default=[], metavar="MESSAGE", help="said before it; may be given more than once"
    )
    profile.add_argument("--jurisdiction", help="where the channel knows the resident to be")
    profile.add_argument("--repeats", type=int, default=30, help="turns to take the median of")
    profile.add_argument("--picture", type=Path, help="write the profile as a picture (SVG), too")
    profile.set_defaults(run=_profile)

    phrasings = commands.add_parser("phrasings", help="the training phrasings").add_subparsers(required=True, metavar="ACTION")
    check = phrasings.add_parser(
        "check", help="(nearly) the same under two labels, too few, too uniform, overlap with held-out ones"
    )
    check.add_argument("--model", action="store_true", help="also what a model puts elsewhere that has not seen it (minutes)")
    check.add_argument("--json", action="store_true", help="print the findings as one JSON list")
    check.set_defaults(run=_phrasings_check)

    stories = commands.add_parser("stories", help="rules and stories of the dialogue").add_subparsers(
        required=True, metavar="ACTION"
    )
    graph = stories.add_parser("graph", help="draw them as one picture")
    graph.add_argument("--out", type=Path, default=ROOT / "docs" / "images" / "dialogue.svg", help="an SVG file")
    graph.set_defaults(run=_stories_graph)

    users = commands.add_parser("users", help="accounts of staff").add_subparsers(required=True, metavar="ACTION")
    add = users.add_parser("add", help="make an account; the password is asked for, or read from standard input")
    add.add_argument("name")
    add.add_argument("--role", action="append", required=True, choices=("hotline", "trainer", "editor", "admin"))
    add.set_defaults(run=_users_add)
    users.add_parser("list", help="show all accounts").set_defaults(run=_users_list)
    for action, text in (("disable", "shut an account and end its sessions"), ("enable", "open a shut account again")):
        one = users.add_parser(action, help=text)
        one.add_argument("name")
        one.set_defaults(run=_users_shut, disabled=action == "disable")
    password = users.add_parser("password", help="set a new password, asked for or read from standard input; ends its sessions")
    password.add_argument("name")
    password.set_defaults(run=_users_password)

    save = commands.add_parser("backup", help="write rows, the model in use and the reviewed files into one file")
    save.add_argument("file", type=Path)
    save.set_defaults(run=_backup)
    back = commands.add_parser("restore", help="bring a backup back into an empty database")
    back.add_argument("file", type=Path)
    back.set_defaults(run=_restore)
    retention = commands.add_parser("retention", help="delete what is older than the settings allow; the server does it every hour")
    retention.add_argument("--dry-run", action="store_true", help="only count what would go")
    retention.set_defaults(run=_retention)
    for name, text, command in (
        ("forget", "delete everything stored of one resident", _forget),
        ("export", "show everything stored of one resident, as JSON", _export),
    ):
        own = commands.add_parser(name, help=text)
        own.add_argument("sender", help="conversation id (web:…), sender, WeChat hash; with --account an openid")
        own.add_argument("--account", help="WeChat account whose follower SENDER is")
        own.set_defaults(run=command)

    wechat = commands.add_parser("wechat", help="WeChat official accounts (docs/wechat.md)")
    wechat_actions = wechat.add_subparsers(required=True, metavar="ACTION")
    simulate = wechat_actions.add_parser("simulate", help="speak WeChat's protocol to the running server, without Tencent")
    simulate.add_argument("text", nargs="*", help="messages, sent one after the other; typed line by line if missing")
    simulate.add_argument("--url", help="of the server; http://HOST:PORT of the settings if missing")
    simulate.add_argument("--openid", default="oSimulatedResident0000000001", help="who writes; another one is another resident")
    simulate.add_argument("--event", choices=("subscribe", "unsubscribe", "SCAN", "CLICK"), help="sent before the messages")
    simulate.add_argument("--key", default="", help="EventKey: a menu key for CLICK, a place for SCAN, qrscene_PLACE for subscribe")
    simulate.set_defaults(run=_wechat_simulate)
    menu = wechat_actions.add_parser("menu", help="give data/wechat/menu.yml to Tencent, or show what would be given")
    menu.add_argument("--show", action="store_true", help="only show it")
    menu.set_defaults(run=_wechat_menu)
    for one in (simulate, menu):
        one.add_argument("--account", required=True, help="id of the account, the last part of its URL")
        one.add_argument("--accounts", type=Path, help="file of the accounts; WECHAT_ACCOUNTS_FILE if missing")

    ingest = commands.add_parser("ingest", help="read a source document into draft YAML and a report")
    ingest.add_argument("file", type=Path)
    ingest.add_argument("--jurisdiction", required=True)
    ingest.add_argument("--out", type=Path, default=ROOT / "var" / "drafts")
    ingest.set_defaults(run=_ingest)
    return parser


def _run(options: argparse.Namespace) -> int:
    from bot.errors import ModelError
    from bot.serve import serve
    from bot.training import job, prepare

    settings, tell = read_settings(), _progress()
    candidate_due = prepare.promote_what_is_due(settings, say=_say, tell=tell)
    print("loading the model …", flush=True)
    if candidate_due and not job.status(settings).running:
        job.start(settings, by=prepare.BY)
    try:
        serve(settings)
    except ModelError as error:
        print(f"bot: {error}", file=sys.stderr)
        prepare.replace_all_bad(settings, say=_say, tell=tell)
        serve(settings)
    return 0


def _train(options: argparse.Namespace) -> int:
    import json

    from bot.models.registry import Registry
    from bot.training import job, prepare

    settings = read_settings()
    found = None if options.force else prepare.current(Registry(settings.models), settings)
    if found is not None:
        print(f"model {found.id} is current", flush=True)
        return _train_check(settings, found) if options.check else 0

    def as_json(stage: str, share: float, detail: str = "") -> None:
        print(json.dumps({"stage": stage, "share": round(share, 3), "detail": detail}, ensure_ascii=False), flush=True)

    tell = as_json if options.events else _progress()
    stages: dict[str, float] = {}
    by = options.by or _user()
    model = job.run(settings, by=by, evaluate=options.evaluate, nice=options.nice, tell=tell, stages=stages)
    if options.stages:
        for name, seconds in sorted(stages.items(), key=lambda stage: -stage[1]):
            if seconds >= 0.05:
                print(f"  {seconds:6.1f} s  {name}")
    if not options.events:
        print(f"trained {model.id}; `bot evaluate {model.id}` compares it, `bot promote {model.id}` lets it answer", flush=True)
    return _train_check(settings, model) if options.check else 0


def _train_check(settings: Settings, model: Model) -> int:
    """Train in a process and a cache of its own, with another order of sets, and compare with `model`."""
    import subprocess
    import tempfile

    from bot.models.registry import Registry
    from bot.training import prepare
    from bot.training.compare_models import differences

    with tempfile.TemporaryDirectory() as folder:
        fresh = {"MODELS": folder, "RASA_CACHE_DIRECTORY": f"{folder}/cache", "PYTHONHASHSEED": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "bot", "train", "--force", "--stages"], env={**os.environ, **fresh}, check=False
        )
        registry = Registry(Path(folder))
        again = prepare.current(registry, settings)
        if done.returncode or again is None:
            raise BotError("the second training failed; the log above says where")
        found = differences(Registry(settings.models).verified(model), registry.verified(again))
    for line in found:
        print(f"- {line}")
    print("two trainings gave two models" if found else "two trainings gave the same model, bit by bit")
    return 1 if found else 0


def _backup(options: argparse.Namespace) -> int:
    from bot.backup import backup
    from bot.models.registry import Registry

    settings = read_settings()
    registry = Registry(settings.models)
    promoted = registry.read().promoted
    done = backup(settings, registry.file_of(promoted) if promoted else None, options.file)
    print(f"{options.file}: {sum(done.rows.values())} rows, {done.files} files, {options.file.stat().st_size / 1e6:.1f} MB")
    return 0


def _restore(options: argparse.Namespace) -> int:
    from bot.backup import restore

    done = restore(read_settings(), options.file)
    for path in done.set_aside:
        print(f"what was there before is now in {os.path.relpath(path, ROOT)}")
    print(f"restored {sum(done.rows.values())} rows and {done.files} files")
    return 0


def _models(options: argparse.Namespace) -> int:
    from bot.models.registry import Registry
    from bot.training.train import data_version, imported

    settings = read_settings()
    registry = Registry(settings.models)
    if options.add:
        print(f"registered {imported(registry, options.add, by=_user()).id} as a candidate")
        return 0
    contents, version = registry.read(), data_version(settings)
    for model in contents.models.values():
        last, figures = contents.last_promotion(model), model.figures or {}
        facts = [f"{name} {figures[name][key]}" for name, key in (("questions", "top1"), ("dialogues", "whole")) if name in figures]
        facts += ["these files"] if model.data_version == version else []
        facts += [f"promoted {last.at} by {last.by}" + (f": {last.reason}" if last.reason else "")] if last else []
        facts += [f"blocked: {len(model.blocked)} losses"] if model.blocked else []
        facts += [f"refused: {model.refused}"] if model.refused else []
        facts += ["file deleted"] if model.deleted else []
        print(
            f"{model.id}  {contents.state(model):9}  {model.size / 1e6:5.1f} MB  trained by {model.created_by}; {'; '.join(facts)}"
        )
    known = {registry.file_of(model).name for model in contents.models.values()}
    for path in sorted(settings.models.glob("*.tar.gz")):
        if path.name not in known:
            print(f"{path.name}: unknown, never served; `bot models --add {path}` takes it in if you trust it")
    if not contents.models:
        print("no models yet; `bot train` makes one")
    return 0


def _promote(options: argparse.Namespace) -> int:
    from bot.models.registry import Registry
    from bot.training import job, promotion

    settings, by = read_settings(), _user()
    model = Registry(settings.models).get(options.model)
    if promotion.known_assessment(settings, model) is None:
        job.assess_recorded(settings, model, by=by, tell=_progress())
    try:
        entry = promotion.promote(settings, model, by=by, reason=options.reason, override=options.override)
    except promotion.BlockedError as error:
        print(f"bot: {model.id} is not promoted, the gate found a loss:", file=sys.stderr)
        for finding in error.findings:
            print(f"- {finding}", file=sys.stderr)
        print("`--override --reason WHY` promotes it all the same", file=sys.stderr)
        return 1
    _note_in_audit("model.promote", model.id, replaced=entry.replaced, reason=entry.reason, overruled=entry.overruled)
    print(
        f"promoted {model.id}"
        + (f", before it {entry.replaced}" if entry.replaced else "")
        + "; running servers follow by themselves"
    )
    return 0


def _rollback(options: argparse.Namespace) -> int:
    from bot.models.registry import Registry

    entry = Registry(read_settings().models).roll_back(by=_user(), reason=options.reason)
    _note_in_audit("model.rollback", entry.model, replaced=entry.replaced, reason=entry.reason)
    print(f"{entry.model} answers again instead of {entry.replaced}; running servers follow by themselves")
    return 0


def _note_in_audit(action: str, subject: str, **detail: object) -> None:
    from bot.staff.accounts import COMMAND_LINE
    from bot.staff.audit import audit
    from bot.storage.database import engine

    with engine().begin() as connection:
        audit(connection, COMMAND_LINE, action, subject, **detail)


def _user() -> str:
    import getpass

    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):
        return "(command line)"


def _say(text: str) -> None:
    print(text, flush=True)


def _progress() -> Tell:
    """Return what shows the progress of a training, one line a step."""
    from bot.training.progress import STAGES

    begun = time.monotonic()

    def tell(stage: str, share: float, detail: str = "") -> None:
        print(f"  {time.monotonic() - begun:5.0f} s  {share:4.0%}  {STAGES[stage]} {detail}".rstrip(), flush=True)

    return tell


def _knowledge_check(options: argparse.Namespace) -> int:
    from bot.knowledge.catalog import load

    catalog = load(options.folder)
    print(f"{len(catalog.items)} items, {len(catalog.services)} services, {len(catalog.jurisdictions)} jurisdictions: all right")
    return 0


def _knowledge_verify(options: argparse.Namespace) -> int:
    from bot.ingest.run import verify_source

    left = verify_source(options.source, options.jurisdiction, read_settings().knowledge)
    for line in left:
        print(line)
    print(f"{len(left)} fields with leftovers" if left else "nothing but layout is left over")
    return 1 if left else 0


def _evaluate(options: argparse.Namespace) -> int:
    from bot.models.registry import Registry
    from bot.serve import load_agent
    from bot.training import prepare

    if options.model:
        return _compare(options)
    settings = read_settings()
    model, _ = prepare.ensure_current(settings, tell=_progress())
    agent = load_agent(settings, model)

    from bot.evaluation import report, whole
    from bot.training.phrasings import read_phrasings

    begun = time.monotonic()
    before = report.last_report(options.results)
    done, folder = whole.run(
        agent,
        Registry(settings.models).file_of(model),
        [(phrasing.text, phrasing.intent, phrasing.service) for phrasing in read_phrasings(settings.data / "nlu")],
        options.heldout,
        options.results,
        cache=ROOT / ".cache" / "evaluation",
        ablation=not options.quick,
        with_diet=options.baselines,
        progress=lambda text: print(f"  {time.monotonic() - begun:5.0f} s  {text}", flush=True),
    )
    for line in report.lines(done, before):
        print(line)
    if options.heldout == ROOT / "tests" / "heldout" and not options.quick:
        picture = ROOT / "docs" / "images" / "threshold.svg"
        shutil.copy(folder / "threshold.svg", picture)
        report.write_block(done, ROOT / "docs" / "evaluation.md", f"images/{picture.name}")
    print(f"written to {os.path.relpath(folder, ROOT)}: report.json, wrong.csv, confusions.csv, threshold.csv, threshold.svg")
    return 0


def _compare(options: argparse.Namespace) -> int:
    """Compare a model with the promoted one; 1 if the gate would not let it pass."""
    from bot.models.registry import Registry
    from bot.training import job

    if options.nice:
        os.nice(job.NICENESS)
    settings = read_settings()
    registry = Registry(settings.models)
    model = registry.get(options.model)
    found = job.assess_recorded(settings, model, by=options.by or _user(), tell=_progress())
    for name, figures in (registry.get(model.id).figures or {}).items():
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))
    if found.comparison is None:
        print("no other model is promoted; there is nothing to compare with")
        return 0
    print(f"against {found.comparison.before}:")
    for change in (*found.comparison.sets, *found.comparison.services):
        print(f"  {change.subject:32} {change.before:4} -> {change.after:4} of {change.count}")
    for flip in found.comparison.flips:
        print(f"  {'lost' if flip.lost else 'won '} {flip.case} {flip.service or flip.set}: {flip.text}")
    for finding in found.findings:
        print(f"- {finding}")
    return 1 if found.findings else 0


def _profile(options: argparse.Namespace) -> int:
    import asyncio

    from bot.serve import load_agent
    from bot.training import prepare

    settings = read_settings()
    model, _ = prepare.ensure_current(settings, tell=_progress())
    agent = load_agent(settings, model)
    from bot.serving.profile import profile_turn, table

    after = tuple(options.after)
    turn = profile_turn(agent, options.question, jurisdiction=options.jurisdiction, before=after, repeats=options.repeats)
    profile = asyncio.run(turn)
    print(f"{profile.reply}\n\n{table(profile)}")
    if options.picture:
        from bot.serving.profile_picture import draw

        draw(profile, options.picture)
    return 0


def _phrasings_check(options: argparse.Namespace) -> int:
    from bot.knowledge.catalog import load
    from bot.training.phrasing_check import check_phrasings, read_heldout
    from bot.training.phrasings import read_phrasings

    settings = read_settings()
    phrasings = read_phrasings(settings.data / "nlu")
    services = {service.id for service in load(settings.knowledge).services}
    findings = check_phrasings(phrasings, services, read_heldout(ROOT / "tests" / "heldout"))
    if options.model:
        from bot.serving.lean_imports import import_rasa

        import_rasa()
        from bot.training.phrasing_model_check import check_with_model

        begun = time.monotonic()
        findings += check_with_model(
            phrasings, progress=lambda text: print(f"  {time.monotonic() - begun:5.0f} s  {text}", file=sys.stderr)
        )
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, default=str))
        return 1 if findings else 0
    for finding in findings:
        print(f"- {finding}")
    print(f"{len(phrasings)} phrasings, {len(findings)} findings")
    return 1 if findings else 0


def _stories_graph(options: argparse.Namespace) -> int:
    from bot.training.story_graph import draw

    print(draw([read_settings().data / part for part in ("rules", "stories")], options.out))
    return 0


def _users_add(options: argparse.Namespace) -> int:
    from bot.staff import accounts
    from bot.staff.audit import audit
    from bot.storage.database import engine

    hashed = accounts.hash_password(options.name, _asked_password())
    with engine().begin() as connection:
        made = accounts.add(connection, options.name, hashed, tuple(options.role))
        audit(connection, accounts.COMMAND_LINE, "account.add", made.name, roles=made.roles)
    print(f"added {made.name}: {', '.join(made.roles)}")
    return 0


def _users_list(options: argparse.Namespace) -> int:
    from bot.staff.accounts import all_accounts
    from bot.storage.database import engine

    with engine().connect() as connection:
        rows = all_accounts(connection)
    for who, disabled in rows:
        print(f"{who.name:20} {', '.join(who.roles)}{'   (disabled)' if disabled else ''}")
    if not rows:
        print("no accounts yet; `bot users add NAME --role hotline` makes one")
    return 0


def _users_shut(options: argparse.Namespace) -> int:
    from bot.staff import accounts
    from bot.staff.audit import audit
    from bot.storage.database import engine

    done = "disabled" if options.disabled else "enabled"
    with engine().begin() as connection:
        accounts.set_disabled(connection, options.name, options.disabled)
        audit(connection, accounts.COMMAND_LINE, f"account.{done[:-1]}", options.name)
    print(f"{done} {options.name}")
    return 0


def _users_password(options: argparse.Namespace) -> int:
    from bot.staff import accounts
    from bot.staff.audit import audit
    from bot.storage.database import engine

    hashed = accounts.hash_password(options.name, _asked_password())
    with engine().begin() as connection:
        accounts.set_password(connection, options.name, hashed)
        audit(connection, accounts.COMMAND_LINE, "account.password", options.name)
    print(f"new password set for {options.name}; its sessions are over")
    return 0


def _asked_password() -> str:
    """Return a password typed twice, or the first line of standard input if nobody sits there. Raises RequestError."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    from getpass import getpass

    password = getpass("password: ")
    if getpass("once more: ") != password:
        raise RequestError("the two passwords differ; nothing was changed")
    return password


def _retention(options: argparse.Namespace) -> int:
    from bot.storage.database import engine
    from bot.storage.retention import overdue, purge_all

    if options.dry_run:
        with engine().connect() as connection:
            counts = overdue(connection, read_settings())
    else:
        counts = purge_all(engine(), read_settings())
    verb = "would go" if options.dry_run else "deleted"
    for table, count in counts.items():
        print(f"{table}: {count} {verb}")
    return 0


def _forget(options: argparse.Namespace) -> int:
    from bot.storage.database import engine
    from bot.storage.forget import forget
    from bot.storage.retention import wipe

    counts: dict[str, int] = {}
    for whose in _conversations(options):
        for table, count in forget(engine(), whose).items():
            counts[table] = counts.get(table, 0) + count
    wipe(engine())
    for table, count in counts.items():
        print(f"{table}: {count} deleted")
    if not any(counts.values()):
        print("nothing is stored of this sender", file=sys.stderr)
        return 1
    return 0


def _export(options: argparse.Namespace) -> int:
    import json

    from bot.storage.database import engine
    from bot.storage.export import export

    with engine().connect() as connection:
        found = {whose: rows for whose in _conversations(options) if (rows := export(connection, whose))}
    print(json.dumps(found, ensure_ascii=False, indent=2))
    return 0 if found else 1


def _conversations(options: argparse.Namespace) -> list[str]:
    """Return the names under which the sender's conversations may be stored."""
    from bot.channels.conversations import CHANNELS, conversation_id

    if options.account:
        from bot.channels.wechat.accounts import read_accounts
        from bot.channels.wechat.openid import hash_openid

        accounts = read_accounts(os.environ)
        if options.account not in accounts:
            raise SettingsError(f"there is no WeChat account «{options.account}»; known are {', '.join(accounts) or 'none'}")
        key = read_secret(os.environ, "WECHAT_OPENID_KEY") or ""
        return [conversation_id("wechat", hash_openid(options.sender, appid=accounts[options.account].appid, key=key))]
    channel, _, sender = options.sender.partition(":")
    if channel in CHANNELS and sender:
        return [options.sender, conversation_id(channel, sender)]
    return [conversation_id(channel, options.sender) for channel in CHANNELS]


def _wechat_simulate(options: argparse.Namespace) -> int:
    import asyncio

    from bot.channels.wechat.simulate import Reply, simulator

    settings = read_settings()
    url = options.url or f"http://{settings.host}:{settings.port}"
    phone = simulator(url, options.account, openid=options.openid, accounts_file=options.accounts)
    failures = 0

    def show(reply: Reply) -> None:
        nonlocal failures
        failures += reply.status != 200
        text = reply.text if reply.status == 200 else f"refused: {reply.status} {reply.body[:300]}"
        print(text or "(nothing in this connection; a late answer comes by customer service)")
        print(f"  — {reply.seconds:.2f} s" + (f", try {reply.tries}" if reply.tries > 1 else ""), flush=True)

    check = asyncio.run(phone.verify())
    print(f"URL check: {'passed' if check.text else f'refused: {check.status} {check.body[:300]}'}", flush=True)
    if not check.text:
        return 1
    if options.event:
        show(asyncio.run(phone.event(options.event, options.key)))
    for text in options.text or ([] if options.event else sys.stdin):
        if text.strip():
            show(asyncio.run(phone.say(text.strip())))
    return 1 if failures else 0


def _wechat_menu(options: argparse.Namespace) -> int:
    import json

    from bot.channels.wechat.menu import read_menu
    from bot.channels.wechat.publish_menu import run

    if options.show:
        print(json.dumps(read_menu().as_request(), ensure_ascii=False, indent=2))
        return 0
    run(options.account, options.accounts)
    print(f"published the menu of {options.account}; followers see it within five minutes")
    return 0


def _ingest(options: argparse.Namespace) -> int:
    from bot.ingest.run import ingest

    print(ingest(options.file, options.jurisdiction, options.out).text(), end="")
    return 0
