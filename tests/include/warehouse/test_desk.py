"""The SQL of the lead desk's list and of the agreement between reps and models."""
# ruff: noqa: S608 - the only names put into SQL here are the tests own

import pytest

from include.lake.frames import read_parquet
from include.settings import settings
from include.warehouse.templates import Statements


@pytest.fixture
def tables(statements, warehouse, contract):
    """Leads a to e, of which d is closed; scores by two runs, e only by the newer one."""
    for name in (
        "create_leads",
        "create_scores",
        "create_feedback",
        "create_feedback_withdrawals",
        "drop_current_scores",
        "create_current_scores",
    ):
        warehouse.execute(statements.render(name))
    leads = ", ".join(
        f"('{key}', {won}, 'web')"
        for key, won in zip("abcde", ["NULL"] * 3 + ["1", "NULL"], strict=True)
    )
    scores = [
        ("a", 50, 1),
        ("b", 70, 1),
        ("c", 20, 1),
        ("d", 99, 1),
        ("a", 80, 2),
        ("b", 60, 2),
        ("c", 20, 2),
        ("e", 70, 2),
    ]
    rows = ", ".join(
        f"('{key}', {score}, {score / 100}, {int(score > 50)}, 'B', '[]', 'capture', '{run}', 'r{run}', "
        f"TIMESTAMP '2026-02-0{run} 05:00:00')"
        for key, score, run in scores
    )
    warehouse.transaction([
        f"INSERT INTO public.{contract.names.table} (account, won, channel) VALUES {leads}",
        f"INSERT INTO public.{contract.names.scores_table} VALUES {rows}",
    ])  # fmt: skip
    return warehouse


@pytest.fixture
def listed(statements, tables, layout):
    tables.execute(statements.render("unload_desk", run_id="r"))
    return read_parquet(layout.desk("r")).set_index("account")


def test_the_list_has_every_open_lead_once_with_its_newest_score_and_the_one_before(
    listed,
):
    assert set(listed.index) == {"a", "b", "c", "e"}
    assert listed["score"].to_dict() == {"a": 80, "b": 60, "c": 20, "e": 70}
    previous = listed["previous_score"].to_dict()
    assert (previous["a"], previous["b"], previous["c"]) == (50, 70, 20)
    assert previous["e"] != previous["e"]
    assert set(listed["model_version"]) == {"2"}


def test_the_list_has_the_columns_to_filter_by_and_no_other_of_the_lead(listed):
    assert {"channel", "region"} <= set(listed)
    assert not {"minutes", "opinion", "remark", "won"} & set(listed)
    assert set(listed["channel"]) == {"web"}


def test_a_list_may_be_cut_to_its_best_leads(
    contract, tables, layout, monkeypatch
):
    monkeypatch.setenv("LEADS_DESK_LEADS", "2")
    settings.cache_clear()
    tables.execute(
        Statements(settings(), contract).render("unload_desk", run_id="short")
    )
    assert set(read_parquet(layout.desk("short"))["account"]) == {"a", "e"}


@pytest.fixture
def say(statements, tables, contract):
    """Puts flags into the table: `say((lead, rep, verdict, version, outcome), …)`, each newer than the one before."""

    def put(*flags):
        rows = ", ".join(
            f"('{number}', '{lead}', '{rep}', '{verdict}', '{version}', NULL, NULL, '', "
            f"TIMESTAMP '2026-02-03 00:{number:02d}:00', TIMESTAMP '2026-02-03', NULL, TRUE, {outcome}, NULL)"
            for number, (lead, rep, verdict, version, outcome) in enumerate(
                flags
            )
        )
        tables.execute(
            f"INSERT INTO public.{contract.names.feedback_table} VALUES {rows}"
        )
        tables.execute(statements.render("join_stages"))

    return put


def test_verdicts_are_counted_per_version_and_rep_the_newest_on_each_lead(
    statements, say, tables
):
    say(
        ("a", "asha", "too_high", "2", "NULL"),
        ("a", "asha", "right", "2", "NULL"),
        ("b", "asha", "too_high", "2", "NULL"),
        ("a", "asha", "too_low", "1", "NULL"),
        ("a", "ben", "right", "2", "NULL"),
    )
    found = {
        (row["model_version"], row["rep"]): row
        for row in tables.query(statements.render("count_verdicts"))
    }
    counts = {
        key: tuple(
            int(row[name])
            for name in ("flags", "called_right", "too_high", "too_low")
        )
        for key, row in found.items()
    }
    assert counts == {
        ("1", "asha"): (1, 0, 0, 1),
        ("2", "asha"): (2, 1, 1, 0),
        ("2", "ben"): (1, 1, 0, 0),
    }
    assert {row["stage"] for row in found.values()} == {"capture"}


def test_versions_of_the_same_number_are_counted_by_stage(
    statements, say, tables, contract
):
    scores = f"public.{contract.names.scores_table}"
    score = "'a', 10, 0.1, 0, 'C', '[]', 'contact', '2', 'r3', TIMESTAMP '2026-02-03 05:00:00'"
    tables.execute(f"INSERT INTO {scores} VALUES ({score})")
    say(
        ("a", "asha", "right", "2", "0"),
        ("a", "ben", "right", "2", "0"),
        ("b", "asha", "right", "2", "1"),
    )
    flags = f"public.{contract.names.feedback_table}"
    stages = {
        row["id"]: row["stage"]
        for row in tables.query(f"SELECT id, stage FROM {flags}")
    }
    assert stages == {"0": None, "1": None, "2": "capture"}, (
        "only b's score can be one version's alone"
    )
    tables.execute(f"UPDATE {flags} SET stage = 'contact' WHERE id = '0'")
    tables.execute(f"UPDATE {flags} SET stage = 'capture' WHERE id = '1'")
    found = {
        (row["stage"], row["rep"]): (int(row["judged"]), int(row["borne_out"]))
        for row in tables.query(statements.render("count_verdicts"))
    }
    assert found == {
        ("contact", "asha"): (1, 1),
        ("capture", "ben"): (1, 0),
        ("capture", "asha"): (1, 1),
    }
    assert {
        row["stage"]: float(row["pairs"])
        for row in tables.query(statements.render("count_pairs"))
    } == {
        "contact": 0,
        "capture": 0,
    }


def test_a_flag_on_what_no_run_has_scored_keeps_the_stage_it_names_and_else_has_none(
    statements, say, tables, contract
):
    say(("z", "asha", "right", "2", "1"), ("z", "ben", "right", "2", "1"))
    tables.execute(
        f"UPDATE public.{contract.names.feedback_table} SET stage = 'contact' WHERE rep = 'ben'"
    )
    tables.execute(statements.render("join_stages"))
    assert {
        row["rep"]: row["stage"]
        for row in tables.query(statements.render("count_verdicts"))
    } == {
        "asha": None,
        "ben": "contact",
    }


def test_a_verdict_is_borne_out_by_the_outcome_or_by_the_prediction_that_came_true(
    statements, say, tables
):
    say(
        ("a", "high-and-lost", "too_high", "2", "0"),
        ("a", "high-and-won", "too_high", "2", "1"),
        ("a", "low-and-won", "too_low", "2", "1"),
        ("a", "right-and-won", "right", "2", "1"),
        ("c", "right-and-lost", "right", "2", "0"),
        ("c", "right-and-won-after-all", "right", "2", "1"),
        ("b", "open", "too_high", "2", "NULL"),
        ("z", "right-on-what-is-gone", "right", "2", "1"),
    )
    found = {
        row["rep"]: (int(row["judged"]), int(row["borne_out"]))
        for row in tables.query(statements.render("count_verdicts"))
    }
    assert found == {
        "high-and-lost": (1, 1), "high-and-won": (1, 0), "low-and-won": (1, 1), "right-and-won": (1, 1),
        "right-and-lost": (1, 1), "right-and-won-after-all": (1, 0), "open": (0, 0), "right-on-what-is-gone": (0, 0),
    }  # fmt: skip


def test_pairs_of_reps_on_the_same_lead_and_version_are_counted(
    statements, say, tables
):
    say(
        ("a", "asha", "right", "2", "NULL"),
        ("a", "ben", "right", "2", "NULL"),
        ("a", "chen", "too_low", "2", "NULL"),
        ("b", "asha", "right", "2", "NULL"),
        ("a", "dora", "right", "1", "NULL"),
    )
    found = {
        row["model_version"]: (float(row["pairs"]), float(row["agreeing"]))
        for row in tables.query(statements.render("count_pairs"))
    }
    assert found == {"2": (3, 1), "1": (0, 0)}
