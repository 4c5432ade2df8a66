"""The ledger of champions: an alias that was moved by hand does not count, and promotions never look like one."""

import ast
from contextlib import suppress
from pathlib import Path
from unittest import mock

import pytest
from mlflow.tracking import MlflowClient

from include.contract import KnownAt
from include.lake.objects import delete_objects, read_json, write_text
from include.registry.errors import (
    LedgerUnreadableError,
    ModelFilesChangedError,
)
from include.registry.ledger import ChampionLedger
from include.registry.registry import (
    champion,
    lost_champion,
    promote,
    rollback,
    rollback_target,
    say_that_the_alias_counts,
    standing,
)
from include.registry.settling import settle
from include.registry.versions import DIGEST_TAG
from include.scoring.champions import registry_champions
from include.scoring.errors import ChampionUnusableError
from include.scoring.scorer import find_champion
from include.scoring.stages import refused_aliases
from include.settings import settings
from tests.fixtures.registry_in_memory import RegistryInMemory

ROOT = Path(__file__).parents[3]
CALLS = (
    "set_model_version_tag",
    "set_registered_model_alias",
    "delete_registered_model_alias",
    "transition_model_version_stage",
)


class CutOff(Exception):  # noqa: N818 - no error of the code under test
    pass


@pytest.fixture
def ledger(layout) -> ChampionLedger:
    return ChampionLedger.of(settings(), layout.contract)


@pytest.fixture
def client() -> RegistryInMemory:
    """A registry with one model, `m`, and three versions."""
    made = RegistryInMemory()
    made.create_registered_model("m")
    for _ in range(3):
        made.create_model_version("m", "s3://x/model")
    return made


def test_the_ledger_says_who_is_champion_and_not_an_alias_that_was_moved(
    client, ledger
):
    promote(client, "m", "1", ledger=ledger)
    promote(client, "m", "2", ledger=ledger)
    assert standing(client, "m", ledger).refusal is None
    client.set_registered_model_alias("m", "champion", "3")
    present = standing(client, "m", ledger)
    assert (present.champion.version, present.alias) == ("2", "3")
    assert "was moved to version 3 outside promote_model" in present.refusal
    client.delete_registered_model_alias("m", "champion")
    present = standing(client, "m", ledger)
    assert (present.champion.version, present.alias) == ("2", "")
    assert "was deleted outside promote_model" in present.refusal


def test_a_promotion_confirms_a_move_that_was_made_by_hand(client, ledger):
    promote(client, "m", "1", ledger=ledger)
    client.set_registered_model_alias("m", "champion", "2")
    promote(client, "m", "2", against="1", ledger=ledger)
    present = standing(client, "m", ledger)
    assert (present.champion.version, present.refusal) == ("2", None)
    assert rollback(client, "m", ledger=ledger).version == "1"


def test_another_promotion_or_rollback_puts_a_moved_alias_back(client, ledger):
    promote(client, "m", "1", ledger=ledger)
    promote(client, "m", "2", ledger=ledger)
    client.set_registered_model_alias("m", "champion", "3")
    assert rollback(client, "m", "2", ledger).version == "1"
    assert client.get_registered_model("m").aliases["champion"] == "1"
    assert standing(client, "m", ledger).refusal is None


def test_before_the_first_entry_the_alias_counts_which_is_said_once(
    client, ledger, caplog
):
    say_that_the_alias_counts.cache_clear()
    assert standing(client, "m", ledger).champion is None
    client.set_registered_model_alias("m", "champion", "2")
    for _ in range(2):
        present = standing(client, "m", ledger)
    assert caplog.text.count("has no entry of m yet") == 1
    assert (present.champion.version, present.refusal) == ("2", None)
    promote(client, "m", "2", ledger=ledger)
    assert ledger.read("m").version == "2"
    assert ledger.read("m").completed


@pytest.mark.parametrize("calls", range(5))
def test_a_promotion_never_looks_like_a_move_by_hand_and_the_retry_completes_it(
    client, ledger, calls
):
    promote(client, "m", "1", ledger=ledger)
    done = 0

    def limited(original):
        def call(*args, **kwargs):
            nonlocal done
            assert standing(client, "m", ledger).refusal is None
            if done == calls:
                raise CutOff
            done += 1
            return original(*args, **kwargs)

        return call

    acts = {name: limited(getattr(client, name)) for name in CALLS}
    with mock.patch.multiple(client, **acts), suppress(CutOff):
        promote(client, "m", "2", against="1", ledger=ledger)
    assert standing(client, "m", ledger).refusal is None
    promote(client, "m", "2", against="1", ledger=ledger)
    present = standing(client, "m", ledger)
    assert (present.champion.version, present.refusal) == ("2", None)
    assert client.get_registered_model("m").aliases["champion"] == "2"
    assert ledger.read("m").completed


def test_a_promotion_between_two_looks_of_a_reader_is_no_move_by_hand(
    client, ledger
):
    promote(client, "m", "1", ledger=ledger)
    looks = client.get_model_version_by_alias

    def promoted_meanwhile(model, alias):
        client.get_model_version_by_alias = looks
        promote(client, "m", "2", ledger=ledger)
        return looks(model, alias)

    client.get_model_version_by_alias = promoted_meanwhile
    present = standing(client, "m", ledger)
    assert (present.champion.version, present.refusal) == ("2", None)


def test_a_champion_that_was_deleted_is_not_stood_in_for_by_the_alias(
    client, ledger
):
    promote(client, "m", "1", ledger=ledger)
    promote(client, "m", "2", ledger=ledger)
    client.delete_model_version("m", "2")
    client.set_registered_model_alias("m", "champion", "3")
    assert champion(client, "m", ledger) is None
    loss = lost_champion(client, "m", ledger)
    assert loss == (
        "the ledger names version 2, which was deleted; version 1 served before"
    )
    assert rollback(client, "m", None, ledger).version == "1"
    assert champion(client, "m", ledger).version == "1"


def test_the_same_number_of_a_model_that_was_made_anew_is_not_the_champion(
    client, ledger
):
    promote(client, "m", "1", ledger=ledger)
    entry = ledger.read("m")
    ledger.write(entry.model_copy(update={"run_id": "of the model before"}))
    assert champion(client, "m", ledger) is None


def test_the_champions_digest_is_the_ledgers_and_no_tag_changes_it(
    client, ledger
):
    for version, digest in (("1", "one"), ("2", "two")):
        client.set_model_version_tag("m", version, DIGEST_TAG, digest)
        promote(client, "m", version, ledger=ledger, files_sha256=digest)
    for version in ("1", "2"):
        client.set_model_version_tag("m", version, DIGEST_TAG, "written over")
    assert champion(client, "m", ledger).tags[DIGEST_TAG] == "two"
    target = rollback_target(client, "m", ledger=ledger)
    assert target.tags[DIGEST_TAG] == "one"
    assert rollback(client, "m", ledger=ledger).tags[DIGEST_TAG] == "one"
    assert ledger.read("m").files_sha256 == "one"


def test_a_digest_that_changed_after_the_gate_is_not_promoted(client, ledger):
    promote(client, "m", "1", ledger=ledger)
    client.set_model_version_tag("m", "2", DIGEST_TAG, "written over")
    with pytest.raises(ModelFilesChangedError, match="after the gate"):
        promote(client, "m", "2", ledger=ledger, files_sha256="judged")
    assert champion(client, "m", ledger).version == "1"


def test_the_digest_of_the_judged_files_is_recorded_where_no_tag_has_it(
    client, ledger
):
    promote(client, "m", "1", ledger=ledger, files_sha256="judged")
    assert champion(client, "m", ledger).tags[DIGEST_TAG] == "judged"


def test_an_entry_without_a_digest_leaves_it_to_the_tag(client, ledger):
    promote(client, "m", "1", ledger=ledger)
    client.set_model_version_tag("m", "1", DIGEST_TAG, "one")
    assert ledger.read("m").files_sha256 is None
    assert champion(client, "m", ledger).tags[DIGEST_TAG] == "one"


@pytest.mark.parametrize("content", ["", "[]", '{"model": "m"}'])
def test_a_ledger_that_cannot_be_read_is_an_error_and_not_an_empty_one(
    client, ledger, content
):
    promote(client, "m", "1", ledger=ledger)
    write_text(ledger.uri("m"), content)
    with pytest.raises(LedgerUnreadableError, match="cannot be read"):
        champion(client, "m", ledger)


def test_settling_puts_a_moved_alias_back(client, ledger):
    promote(client, "m", "1", ledger=ledger)
    client.set_registered_model_alias("m", "champion", "3")
    settle(client, "m", ledger)
    assert standing(client, "m", ledger).refusal is None


def test_an_entry_says_what_a_person_wants_to_know(client, ledger):
    promote(client, "m", "1", ledger=ledger)
    promote(client, "m", "2", ledger=ledger)
    entry = read_json(ledger.uri("m"))
    assert (entry["version"], entry["replaced"]) == ("2", "1")


@pytest.fixture
def served(contract, registered, mlflow_client: MlflowClient, ledger):
    """A champion of the contact stage by the ledger, and a newer version to which somebody moved the alias."""
    first = registered()
    promote(mlflow_client, contract.model_name(), first, ledger=ledger)
    second = registered()
    return first, second


def test_the_api_serves_the_ledgers_champion_and_says_once_that_an_alias_is_refused(
    contract, served, ledger, mlflow_client, caplog
):
    first, second = served
    champions = registry_champions(settings(), contract)
    for _ in range(2):
        champions.refresh()
    assert champions.scorer.versions == {"contact": first}
    assert champions.refusals == {"contact": 1, "capture": 0}
    errors = [one for one in caplog.records if one.levelname == "ERROR"]
    assert len(errors) == 1
    assert f"was moved to version {second} outside" in errors[0].message
    promote(mlflow_client, contract.model_name(), second, ledger=ledger)
    champions.refresh()
    assert champions.scorer.versions == {"contact": second}
    assert champions.refusals == {"contact": 0, "capture": 0}


def test_batches_score_with_the_ledgers_champion_and_people_are_told(
    contract, served, ledger, caplog
):
    first, second = served
    found = find_champion(settings(), contract, KnownAt.CONTACT)
    assert found.version == first
    assert "outside promote_model" in caplog.text
    (refused,) = refused_aliases(settings(), contract)
    assert refused["version"] == first
    assert refused["alias_version"] == second
    delete_objects([ledger.uri(contract.model_name())])
    found = find_champion(settings(), contract, KnownAt.CONTACT)
    assert found.version == second
    assert refused_aliases(settings(), contract) == []


def test_a_deleted_champion_of_the_ledger_is_an_error_that_says_the_way_back(
    contract, served, mlflow_client
):
    first, _ = served
    mlflow_client.delete_model_version(contract.model_name(), first)
    with pytest.raises(ChampionUnusableError, match="the ledger names version"):
        find_champion(settings(), contract, KnownAt.CONTACT)


def test_nobody_but_tests_and_benchmarks_asks_without_the_ledger():
    functions = (champion, lost_champion, promote, rollback, rollback_target)
    names = {function.__name__ for function in functions}
    without = []
    for path in [*ROOT.glob("include/**/*.py"), *ROOT.glob("dags/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        if "include.registry" not in text:
            continue
        for call in ast.walk(ast.parse(text)):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            words = ast.unparse(call)
            asks_mlflow = "client" in words or "connect(" in words
            has_ledger = "ledger" in words.lower()
            if name in names and asks_mlflow and not has_ledger:
                without.append(f"{path}: {words}")
    assert without == []
