"""The hooks in a service that has never heard of our source tree, run by pre-commit and git."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from avrogen import __version__
from tests.conftest import ROOT, run_avrogen
from tests.docs.pages import code
from tests.downstream.service_repository import (
    HOOKS_URL,
    SERVICE,
    Repository,
    Run,
    copy_service,
    git_environment,
    hooks_repository,
)

# The hooks' environment is dear: one worker installs it for all tests of this module.
pytestmark = pytest.mark.xdist_group("pre_commit")

PAGE = ROOT / "docs/pre-commit.md"
ORDER = "schemas/order_placed.avsc"
NOTE = '{"name": "note", "type": ["null", "string"], "default": null}'
COUPON = f'{NOTE},\n    {{"name": "coupon", "type": ["null", "string"], "default": null}}'
REQUIRED_COUPON = f'{NOTE},\n    {{"name": "coupon", "type": "string"}}'
RENAMED = '"name": "coupons", "type": ["null", "string"], "default": null'
CANCELLED = """{
  "type": "record",
  "name": "OrderCancelled",
  "namespace": "shop.orders",
  "fields": [{"name": "order_id", "type": {"type": "string", "logicalType": "uuid"}}]
}
"""


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The service, committed, with its hooks installed and not run yet."""
    folder = tmp_path_factory.mktemp("pre_commit")
    hooks_repository(folder / "avrogen")
    settings = {f"url.{(folder / 'avrogen').as_uri()}__insteadOf": HOOKS_URL}
    environment = git_environment(**settings, protocol__file__allow="always")
    service = Repository(
        folder / "service", {**environment, "PRE_COMMIT_HOME": str(folder / "home")}
    )
    copy_service(service.folder)
    service.git("init", "--quiet", "--initial-branch=main")
    service.git("add", "--all")
    service.git("commit", "--quiet", "--message=Service")
    install = service.pre_commit("install", "--install-hooks")
    assert install.returncode == 0, install.stdout
    return service


@pytest.fixture
def service(committed: Repository, tmp_path: Path) -> Repository:
    return committed.copy(tmp_path / "service")


def stage_coupon(service: Repository, field: str = COUPON) -> None:
    """Add a field to orders, and stage that and nothing else."""
    service.edit(ORDER, NOTE, field)
    service.git("add", ORDER)


def commit(service: Repository, *arguments: str, **environment: str) -> Run:
    return service.run("git", "commit", "--message=Coupons", *arguments, **environment)


def build(service: Repository) -> None:
    result = run_avrogen("build", service.folder / "schemas", "-o", service.folder / "src/events")
    assert result.exit_code == 0, result.output


def assert_refused(run: Run, *parts: str) -> None:
    assert run.returncode == 1, run.stdout
    assert "Traceback" not in run.stdout
    for part in parts:
        assert part in run.stdout, run.stdout


def assert_committed(service: Repository, run: Run) -> None:
    """The commit is there, and its package is what is built from its schemas."""
    assert run.returncode == 0, run.stdout
    assert service.git("log", "--format=%s", "-1") == "Coupons\n"
    clone = service.folder.with_name("clone")
    service.git("clone", "--quiet", str(service.folder), str(clone))
    drift = run_avrogen("build", clone / "schemas", "-o", clone / "src/events", "--check")
    assert drift.exit_code == 0, drift.output


def verdicts(run: Run) -> list[str]:
    """What pre-commit says of each hook."""
    return re.findall(r"^avrogen.*?\.\.+(.*)$", run.stdout, re.MULTILINE)


# --- the package ----------------------------------------------------------------------------------


def test_a_commit_is_refused_until_the_package_is_in_it(service: Repository) -> None:
    stage_coupon(service)
    assert_refused(
        commit(service),
        "2 schema files -> src/events: 1 written, 0 removed, 9 unchanged\n",
        "Stage it and commit again: git add src/events\n",
    )
    service.git("add", "src/events")
    assert_committed(service, commit(service))


def test_new_files_must_be_in_the_commit(service: Repository) -> None:
    """Git shows no difference for files that it does not know, and the next build makes none."""
    service.write("schemas/order_cancelled.avsc", CANCELLED)
    service.git("add", "schemas")
    assert_refused(commit(service), "3 schema files -> src/events: 3 written")
    service.git("add", "--update")
    new = "src/events/shop/orders/_order_cancelled.py"
    assert_refused(commit(service), f"Not in git: {new}\n")
    service.git("add", "src/events")
    assert_committed(service, commit(service))


def test_removed_files_must_be_gone_from_the_commit(service: Repository) -> None:
    service.write("schemas/order_cancelled.avsc", CANCELLED)
    build(service)
    service.git("add", "--all")
    service.git("commit", "--no-verify", "--message=Cancel")
    service.git("rm", "--quiet", "schemas/order_cancelled.avsc")
    stage_coupon(service)
    assert_refused(commit(service, SKIP="avrogen-check"), "3 written, 1 removed")
    service.git("add", "src/events")
    assert_committed(service, commit(service, SKIP="avrogen-check"))


def test_hooks_pass_when_no_schema_has_changed(service: Repository) -> None:
    service.edit("src/billing/service.py", "What is owed", "What customers owe")
    run = commit(service, "--all")
    assert_committed(service, run)
    assert verdicts(run) == ["Passed"] * 2


def test_a_commit_that_only_deletes_schemas_is_refused(service: Repository) -> None:
    """pre-commit does not count deleted files as changed."""
    service.git("rm", "--quiet", "schemas/avrogen.toml", ORDER)
    gone = "shop.orders.OrderPlaced was removed, and topic shop.orders.v1 carries it"
    assert_refused(commit(service), "4 removed", f"error[AVR807] {gone}")


def test_schemas_with_errors_are_refused(service: Repository) -> None:
    stage_coupon(service, REQUIRED_COUPON.replace('"string"}', '"strin"}'))
    place = f'{ORDER}:11:32: error[AVR203] unknown type "strin"'
    assert_refused(commit(service), place)
    assert service.git("diff") == ""


def test_drift_refuses_what_was_edited_by_hand(service: Repository) -> None:
    service.edit(".pre-commit-config.yaml", "avrogen-build", "avrogen-drift")
    service.edit("src/events/shop/orders/_order_placed.py", "note: str | None", "note: str")
    service.git("add", "--update")
    run = commit(service)
    assert_refused(
        run,
        "-    note: str = None\n+    note: str | None = None\n",
        "To update it, run: avrogen build schemas -o src/events\n",
    )
    assert verdicts(run) == ["Failed", "Passed"]
    assert service.git("diff") == ""
    build(service)
    service.git("add", "src/events")
    assert_committed(service, commit(service))


@pytest.mark.parametrize("change", ["edited", "deleted"])
def test_build_repairs_what_was_changed_by_hand(service: Repository, change: str) -> None:
    """A commit that has nothing else."""
    module = "src/events/shop/orders/_order_placed.py"
    if change == "edited":
        service.edit(module, "note: str | None", "note: str")
        service.git("add", "--update")
    else:
        service.git("rm", "--quiet", module)
    assert_refused(commit(service), "1 written, 0 removed", "git add src/events\n")
    service.git("add", "src/events")
    assert service.git("diff", "HEAD") == ""


# --- compatibility --------------------------------------------------------------------------------


def test_a_breaking_change_is_refused(service: Repository) -> None:
    stage_coupon(service, REQUIRED_COUPON)
    build(service)
    service.git("add", "src/events")
    run = commit(service)
    run.stdout = re.sub(r"^- duration: .*\n", "", run.stdout, flags=re.MULTILINE)
    assert_refused(run, code(PAGE, "text")[0])
    service.edit(ORDER, REQUIRED_COUPON, COUPON)
    build(service)
    service.git("add", "--update")
    assert_committed(service, commit(service))


def test_warnings_are_shown_when_the_hook_passes(service: Repository) -> None:
    """A default that changes breaks nobody, and alters what is read."""
    stage_coupon(service)
    build(service)
    service.git("add", "src/events")
    assert_committed(service, commit(service))
    service.edit(ORDER, '"name": "coupon", "type": ["null", "string"], "default": null', RENAMED)
    build(service)
    service.git("add", "--update")
    run = commit(service)
    assert run.returncode == 0, run.stdout
    assert "warning[AVR910]" in run.stdout


def test_a_branch_is_compared_with_where_it_began(service: Repository) -> None:
    """In CI all is committed: what breaks, in an earlier commit; and others have gone on."""
    service.git("checkout", "--quiet", "-b", "coupons")
    stage_coupon(service, REQUIRED_COUPON)
    service.git("commit", "--no-verify", "--message=Break")
    service.edit(ORDER, "confirmed", "has confirmed")
    service.git("commit", "--no-verify", "--all", "--message=Say it better")
    service.git("checkout", "--quiet", "main")
    service.edit("schemas/payment/money.avsc", '"currency",', '"currency", "default": "EUR",')
    service.git("commit", "--no-verify", "--all", "--message=Go on")
    service.git("checkout", "--quiet", "coupons")

    assert_refused(compare(service, "main"), "1 incompatible, 1 unchanged, 1 error\n")
    assert compare(service, "HEAD~1").returncode == 0


def compare(service: Repository, base: str) -> Run:
    arguments = ("run", "avrogen-check", "--from-ref", base, "--to-ref", "HEAD")
    return service.pre_commit(*arguments)


# --- what is staged, and what is not --------------------------------------------------------------


def test_what_is_not_staged_counts_for_nothing_and_stays(service: Repository) -> None:
    stage_coupon(service)
    build(service)
    service.git("add", "src/events")
    service.edit(ORDER, COUPON, REQUIRED_COUPON)
    service.edit("src/billing/service.py", "What is owed", "What customers owe")
    unstaged = service.git("diff")
    assert_committed(service, commit(service))
    assert service.git("diff") == unstaged


def test_a_package_that_is_built_and_not_staged_is_not_in_the_commit(service: Repository) -> None:
    stage_coupon(service)
    build(service)
    service.edit("src/billing/service.py", "What is owed", "What customers owe")
    unstaged = service.git("diff")
    assert_refused(commit(service), "1 written", "git add src/events")
    assert service.git("diff") == unstaged
    service.git("add", "src/events")
    assert_committed(service, commit(service))


def test_a_commit_of_some_paths_needs_the_package_too(service: Repository) -> None:
    service.write("schemas/order_cancelled.avsc", CANCELLED)
    build(service)
    service.git("add", "--all")
    run = commit(service, "schemas")
    assert_refused(run, "git add src/events")
    assert_committed(service, commit(service))


def test_schemas_in_a_submodule(service: Repository) -> None:
    contracts = Repository(service.folder.with_name("contracts"), service.environment)
    (service.folder / "schemas").rename(contracts.folder)
    contracts.git("init", "--quiet", "--initial-branch=main")
    contracts.git("add", "--all")
    contracts.git("commit", "--quiet", "--message=Contracts")
    service.git("rm", "-r", "--quiet", "--cached", "schemas")
    service.git("submodule", "--quiet", "add", "../contracts", "schemas")
    service.git("add", "--all")
    service.git("commit", "--no-verify", "--message=Submodule")

    inner = Repository(service.folder / "schemas", service.environment)
    inner.edit("order_placed.avsc", NOTE, REQUIRED_COUPON)
    inner.git("commit", "--all", "--message=Break")
    service.git("add", "schemas")
    run = commit(service)
    assert_refused(run, "1 written, 0 removed", "error[AVR805] OrderPlaced.coupon")


# --- CI, and several packages ---------------------------------------------------------------------


def test_in_ci_all_files_are_checked(service: Repository) -> None:
    assert service.pre_commit("run", "--all-files").returncode == 0
    stage_coupon(service)
    service.git("commit", "--no-verify", "--message=Drift")
    assert_refused(service.pre_commit("run", "--all-files"), "1 written, 0 removed")


def test_several_packages(service: Repository) -> None:
    """Each has hooks of its own."""
    service.write(".pre-commit-config.yaml", code(PAGE, "yaml")[-1])
    for name in ("billing", "shipping"):
        for part in ("schemas", "src"):
            shutil.copytree(service.folder / part, service.folder / "services" / name / part)
    service.git("rm", "-r", "--quiet", "schemas", "src")
    service.git("add", "--all")
    first = service.pre_commit()
    assert first.returncode == 0, first.stdout
    assert verdicts(first) == ["Passed"] * 4
    service.git("commit", "--no-verify", "--message=Two")

    service.edit(f"services/shipping/{ORDER}", NOTE, REQUIRED_COUPON)
    service.git("add", "--update")
    run = commit(service)
    assert_refused(run, "git add services/shipping/src/events", f"services/shipping/{ORDER}:11:5: ")
    assert verdicts(run) == ["Passed"] * 2 + ["Failed"] * 2


# --- what the page shows --------------------------------------------------------------------------


def test_the_page_has_the_configuration_of_the_service() -> None:
    assert code(PAGE, "yaml")[0] == (SERVICE / ".pre-commit-config.yaml").read_text("utf-8")
    assert f"rev: v{__version__}\n" in code(PAGE, "yaml")[0]


def test_the_page_says_which_hooks_there_are() -> None:
    ids = re.findall(r"^- id: (.*)$", (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"), re.M)
    assert re.findall(r"^\| `(avrogen-\w+)` \|", PAGE.read_text("utf-8"), re.M)[:3] == ids
