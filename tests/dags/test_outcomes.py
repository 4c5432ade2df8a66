"""A contract of two outcomes in the tasks: what is planned for which, and one life of both models without Airflow."""

from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.contract import load_contract
from include.lake.frames import read_parquet
from include.lake.layout import Layout
from include.lake.objects import write_bytes
from include.scoring.batch import write_no_scores
from include.settings import settings
from include.training.errors import NoUsableFamilyError
from include.warehouse.templates import Statements
from lead_ops.alerts.alert import Origin
from lead_ops.alerts.content import make_alert
from lifecycle.analyses import outcomes_to_train
from lifecycle.drift import analyse_drift, next_step
from lifecycle.drift_window import plan_window
from lifecycle.macros import BETWEEN, each_sql, planned_sql, sql
from lifecycle.names import Names, run_key
from lifecycle.outcomes import outcomes_for_spark, start_further_trainings
from lifecycle.platform import TABLES, VIEWS
from lifecycle.promotion import (
    champion_challenger,
    drift_confirmed,
    promote,
)
from lifecycle.scoring import score
from lifecycle.training import (
    is_registered,
    register_challenger,
    registered_challengers,
    start_training,
    train_family,
)
from lifecycle.training_plan import chosen_stages, plan_training
from lifecycle.training_snapshot import write_manifest
from lifecycle.warehouse import RedshiftDataOperator
from tests.include.warehouse.conftest import (  # noqa: F401 - fixtures
    load_rows,
    warehouse,
)

TWO = """
format: 2
contract: accounts_two
key: account
clock: number
outcomes:
  - {name: won, column: Won, final: true}
  - {name: kept, column: Kept, given: won, final: true}
decisions: {drift: {rows: 50}}
columns:
  - {name: account, type: string, known_at: capture}
  - {name: number, type: integer, known_at: capture}
  - {name: visits, type: integer, known_at: capture, minimum: 0}
  - {name: minutes, type: number, known_at: capture, minimum: 0}
  - {name: channel, type: category, known_at: capture}
  - {name: fit, type: ordinal, known_at: engagement, order: [low, mid, high]}
  - {name: opinion, type: category, known_at: contact}
"""
STABLE = {"verdict": "stable", "confirmed": False}
DRIFT = {"verdict": "drift", "confirmed": True, "triggers": ["performance"]}
FORM = {
    "training_backend": "airflow",
    "scoring_stages": ["contact"],
    "families": ["logistic_regression"],
    "promotion_mode": "enabled",
    "force_retrain": False,
}
MOMENT = datetime(2026, 3, 1, 4, tzinfo=UTC)


@pytest.fixture
def contract(tmp_path, monkeypatch):
    """A contract of two outcomes, set as the settings' contract."""
    path = tmp_path / "accounts_two.yaml"
    path.write_text(TWO)
    monkeypatch.setenv("LEADS_CONTRACT", str(path))
    settings.cache_clear()
    yield load_contract(str(path))
    settings.cache_clear()


def test_by_hand_all_outcomes_are_trained(contract):
    assert outcomes_to_train(None, FORM) == ["", "kept"]
    forced = FORM | {"force_retrain": True}
    calm = STABLE | {"outcomes": {"kept": STABLE}}
    assert outcomes_to_train(calm, forced) == ["", "kept"]


@pytest.mark.parametrize(
    ("main", "other", "branch", "trained"),
    [
        (STABLE, STABLE, "no_action", []),
        (DRIFT, STABLE, "retrain", [""]),
        (STABLE, DRIFT, "retrain", ["kept"]),
        (STABLE, {"verdict": "no_champion"}, "retrain", ["kept"]),
        (DRIFT, DRIFT, "retrain", ["", "kept"]),
        (STABLE, {"verdict": "outage"}, "no_action", []),
    ],
)
def test_the_outcome_whose_analysis_calls_for_it_is_trained_and_no_other(
    contract, main, other, branch, trained
):
    analysis = main | {"outcomes": {"kept": other}}
    assert next_step(analysis, FORM) == branch
    assert outcomes_to_train(analysis, FORM) == trained


def test_in_an_outage_nothing_is_trained(contract):
    analysis = {"verdict": "outage", "outcomes": {"kept": DRIFT}}
    assert next_step(analysis, FORM) == "data_outage"


def test_drift_of_one_outcome_does_not_ease_the_gate_of_another(contract):
    analysis = STABLE | {"outcomes": {"kept": DRIFT}}
    assert drift_confirmed(analysis, "kept")
    assert not drift_confirmed(analysis)


def test_an_alert_names_the_outcome_that_drifted():
    analysis = STABLE | {"outcomes": {"kept": DRIFT}}
    origin = Origin(dag_id="monitor_drift", task_id="analyse_drift", run_id="r")
    alert = make_alert("drift_detected", analysis, origin)
    assert "f the outcome kept: the champion predicts" in alert.message.sentence


def test_a_statement_is_rendered_for_each_outcome_and_once_where_it_is_the_same(
    contract,
):
    unloads = each_sql("unload_open_leads", run_id="r").split(BETWEEN)
    assert "processed-data/open/r/" in unloads[0]
    assert "processed-data/open/outcome=kept/r/" in unloads[1]
    assert "kept IS NULL AND COALESCE(won, 1) = 1" in unloads[1]
    assert each_sql("create_leads") == sql("create_leads")
    assert len(each_sql("create_scores").split(BETWEEN)) == 2


def test_one_task_runs_the_statements_of_all_outcomes(monkeypatch):
    operator = RedshiftDataOperator(
        task_id="t", database="dev", sql=[f"SELECT 1{BETWEEN}SELECT 2", "SELECT 3"]
    )  # fmt: skip
    (parent,) = RedshiftDataOperator.__bases__
    monkeypatch.setattr(parent, "execute", lambda self, context: self.sql)
    assert operator.execute({}) == ["SELECT 1", "SELECT 2", "SELECT 3"]


def test_an_outcome_without_a_champion_leaves_a_file_without_scores(
    contract, layout
):
    folder = Layout(layout.settings, contract.for_outcome("kept")).scores("r")
    write_no_scores(contract, folder)
    assert len(read_parquet(folder)) == 0


def test_spark_scores_the_outcomes_with_a_champion_and_open_leads(
    contract, layout
):
    kept = Names("kept").layout
    assert outcomes_for_spark("r", {"kept": "contact-1"}) == []
    assert len(read_parquet(kept.scores("r"))) == 0
    write_bytes(f"{kept.open_leads('r')}0000_part_00.parquet", b"leads")
    asked = ["kept", kept.open_leads("r"), kept.scores("r")]
    assert outcomes_for_spark("r", {"kept": "contact-1"}) == [asked]
    assert outcomes_for_spark("r", {}) == []


@pytest.mark.parametrize("champion", [None, "version 1"])
def test_an_outcome_that_has_too_few_leads_waits_until_it_has_a_champion(
    contract, monkeypatch, champion
):
    def refuse(*arguments):
        raise NoUsableFamilyError("contact", {"xgboost": "too few leads"})

    for name, function in {
        "include.training.challenger.register_challenger": refuse,
        "include.registry.tracking.connect": lambda uri: None,
        "include.registry.registry.champion": lambda *arguments: champion,
        "lifecycle.training.further_training": lambda *arguments: (
            "s3://",
            "p",
        ),
        "include.reporting.refusal_page.write_text": lambda uri, text: None,
    }.items():
        monkeypatch.setattr(name, function)
    ti = Life(None, "train_models").ti
    model = {"outcome": "kept", "stage": "contact"}
    if champion is None:
        assert register_challenger.function(model, "", [], "", {}, ti) is None
        return
    with pytest.raises(AirflowFailException, match="too few leads"):
        register_challenger.function(model, "", [], "", {}, ti)


@pytest.mark.parametrize(
    ("trained", "opened"), [(["", "kept"], ["kept"]), ([""], [])]
)
def test_a_run_is_opened_for_the_outcomes_that_are_trained(
    contract, monkeypatch, trained, opened
):
    names = []
    monkeypatch.setattr(
        "lifecycle.outcomes.further_training",
        lambda own, client, run: names.append(own.outcome),
    )
    start_further_trainings(None, "r", trained)
    assert names == opened


def test_an_outcome_that_waits_is_no_challenger_and_no_alert():
    challenger = {"outcome": "", "stage": "contact"}
    collect = registered_challengers.function
    assert collect(iter([challenger, None])) == [challenger]
    ti = SimpleNamespace(
        task_id="register_challenger", map_index=1, xcom_pull=lambda **_: None
    )
    assert not is_registered({"ti": ti})


def accounts_of_two(accounts):
    """Return leads of which every second winner is kept by what it visits; the last ones are open."""
    leads = accounts.drop(
        columns=["region", "remark", "constant", "newsletter"]
    )
    random = np.random.default_rng(1)
    chance = 1 / (1 + np.exp(-(leads["visits"].fillna(3) - 3) * 1.5))
    kept = (random.random(len(leads)) < chance).astype(float)
    leads["kept"] = kept.where(leads["won"] == 1)
    leads["won"] = leads["won"].astype(float)
    leads.loc[leads.index[-100:], ["won", "kept"]] = np.nan
    return leads


class Life:
    """One deployment's tasks, called one after the other."""

    def __init__(self, warehouse, dag_id):  # noqa: F811 - the fixture
        self.warehouse = warehouse
        self.alerts = {}
        self.ti = SimpleNamespace(
            dag_id=dag_id,
            run_id="r1",
            start_date=MOMENT,
            xcom_pull=lambda **_: None,
            xcom_push=lambda key, value: self.alerts.update({key: value}),
        )
        self.run = run_key(self.ti)

    def statements(self, *texts):
        """Run what templates of one task give."""
        self.warehouse.transaction(BETWEEN.join(texts).split(BETWEEN))

    def train(self):
        """Return the challengers of both outcomes."""
        self.statements(
            each_sql("unload_votes", run_id=self.run),
            each_sql("unload_snapshot", run_id=self.run),
        )
        text = sql("unload_snapshot", run_id=self.run)
        uri = write_manifest.function(self.run, text)
        parent = start_training.function(uri, self.run, FORM, self.ti)
        results = [
            train_family.function(job, uri, parent, self.ti)
            for job in plan_training.function(FORM, self.ti)
        ]
        return [
            register_challenger.function(
                model, uri, results, parent, FORM, self.ti
            )
            for model in chosen_stages.function(FORM, self.ti)
        ]

    def judge(self, challengers):
        """Return the gate's verdicts, carried out."""
        comparisons = champion_challenger.function(
            challengers, self.run, None, FORM, self.ti
        )
        dag_run = SimpleNamespace(triggering_user_name="me", run_type="manual")
        return promote.function(comparisons, dag_run, self.ti)

    def score(self):
        """Load scores of the open leads of both outcomes."""
        self.statements(each_sql("unload_open_leads", run_id=self.run))
        score.function(self.run, MOMENT.isoformat())
        self.statements(
            each_sql("clear_scores", run_id=self.run),
            each_sql("copy_scores", run_id=self.run),
        )

    def analyse(self):
        """Return the drift analysis of both outcomes."""
        planned = plan_window.function(
            "d__", self.run, "2036-01-01T00:00:00+00:00"
        )
        self.statements(
            planned_sql("unload_window", planned, self.run, "since", "until"),
            planned_sql(
                "unload_matured",
                planned,
                self.run,
                "champion_since",
                "matured_until",
            ),
        )
        return analyse_drift.function(
            "d__", self.run, MOMENT.isoformat(), planned, {}
        )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_both_outcomes_are_trained_judged_promoted_scored_and_watched(
    tracking,
    layout,
    contract,
    accounts_of,
    warehouse,  # noqa: F811
    load_rows,  # noqa: F811
):
    life = Life(warehouse, "train_models")
    for name in (*TABLES, *VIEWS):
        life.statements(each_sql(name))
    statements = Statements(layout.settings, contract)
    leads = accounts_of_two(accounts_of(1500))
    load_rows(statements, leads, "l1", "2026-02-01T00:00:00+00:00")

    challengers = life.train()
    assert [entry["outcome"] for entry in challengers] == ["", "kept"]
    assert [entry["model"] for entry in challengers] == [
        "accounts-two-classifier",
        "accounts-two-classifier-kept",
    ]
    decisions = life.judge(challengers)
    assert [entry["verdict"] for entry in decisions] == ["promote", "promote"]
    assert "missing_pages" not in decisions[1]
    rows = warehouse.query(
        f"SELECT decision_id, model FROM public.{contract.names.promotions_table} "  # noqa: S608 - the test's own name
        "WHERE act = 'promoted'"
    )
    assert {row["decision_id"] for row in rows} == {
        f"{life.run}/contact",
        f"{life.run}/kept/contact",
    }

    life.score()
    kept = Names("kept").contract
    counts = []
    for view in (contract, kept):
        table = f"public.{view.names.scores_table}_current"
        (row,) = warehouse.query(
            f"SELECT COUNT(*) AS n, COUNT(reasons) AS reasons FROM {table}"  # noqa: S608 - the test's own name
        )
        counts.append((row["n"], row["reasons"]))
    assert counts == [(100, 100), (100, 100)]

    newer = accounts_of_two(accounts_of(400, seed=5))
    load_rows(statements, newer, "l2", "2035-12-01T00:00:00+00:00")
    analysis = Life(warehouse, "monitor_drift").analyse()
    other = analysis["outcomes"]["kept"]
    assert analysis["current_rows"] == 400
    assert other["current_rows"] == int((newer["won"] == 1).sum())
    assert analysis["verdict"] != "no_champion" != other["verdict"]
