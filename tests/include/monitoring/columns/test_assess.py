import numpy as np
import pytest
from scipy.optimize import brentq

from include.decisions import Decisions
from include.lake.columns import open_parquet
from include.monitoring.columns import assess as judge
from include.monitoring.columns.assess import compare_leads
from include.monitoring.columns.config import drift_config
from include.monitoring.columns.frames import compare_frames
from include.monitoring.errors import NothingToCompareError
from include.monitoring.summary import describe
from include.monitoring.verdict import Evidence, assess_drift


def verdict_of(analysis):
    """What an analysis comes to that has found nothing else."""
    return described(analysis).verdict


def described(analysis):
    """The details of an analysis that has found nothing else."""
    evidence = Evidence(analysis, outages=analysis.outages)
    return describe(
        "run",
        "7",
        analysis.current_rows,
        evidence,
        assess_drift(Decisions(), evidence),
    )


def verdict(reference, current, contract, share=0.3):
    analysis = compare_leads(
        reference, current, contract, share_threshold=share, missing_jump=0.5
    )
    return verdict_of(analysis)


def drifted(frame):
    return frame.assign(
        minutes=frame["minutes"] * 2,
        channel=frame["channel"].where(frame.index % 2 == 0, "new"),
    )


def test_the_same_population_is_stable(contract, accounts_of):
    assert (
        verdict(accounts_of(2000, 1), accounts_of(1500, 2), contract)
        == "stable"
    )


@pytest.mark.parametrize(
    ("share", "expected"), [(2 / 7, "drift"), (0.3, "stable")]
)
def test_a_share_that_reaches_the_threshold_is_drift(
    contract, accounts_of, share, expected
):
    assert (
        verdict(
            accounts_of(2000, 1), drifted(accounts_of(1500, 2)), contract, share
        )
        == expected
    )


def test_an_outage_wins_over_drift(contract, accounts_of):
    current = drifted(accounts_of(1500, 2)).assign(fit=None)
    assert (
        verdict(accounts_of(2000, 1), current, contract, share=0.1) == "outage"
    )


def test_the_analysis_counts_rows_and_missing_shares_of_both_sides(
    contract, accounts_of
):
    current = accounts_of(1500, 2).assign(fit=None)
    analysis = compare_leads(accounts_of(2000, 1), current, contract, 0.3, 0.5)
    assert (analysis.reference_rows, analysis.current_rows) == (2000, 1500)
    assert (
        analysis.missing_reference["fit"],
        analysis.missing_current["fit"],
    ) == (0.0, 1.0)
    assert [outage.column for outage in analysis.outages] == ["fit"]


@pytest.fixture
def on_disk(tmp_path):
    """Writes a frame as two Parquet parts and opens the folder."""

    def write(frame):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for number, rows in enumerate(np.array_split(np.arange(len(frame)), 2)):
            frame.iloc[rows].to_parquet(
                folder / f"{number:04d}_part_00.parquet", index=False
            )
        return open_parquet(f"file://{folder}/")

    return write


@pytest.fixture
def sample_of_1000(monkeypatch):
    small = drift_config().model_copy(
        update={
            "sample": drift_config().sample.model_copy(update={"rows": 1000})
        }
    )
    monkeypatch.setattr(judge, "drift_config", lambda: small)


def columns_of(analysis):
    return {column.column: column for column in analysis.report.columns}


def test_rows_on_disk_give_the_analysis_of_their_frames(
    contract, accounts_of, on_disk
):
    before, now = (
        accounts_of(2000, 1),
        drifted(accounts_of(1500, 2)).assign(fit=None),
    )
    from_disk = compare_leads(on_disk(before), on_disk(now), contract, 0.3, 0.5)
    assert from_disk == compare_leads(before, now, contract, 0.3, 0.5)


def test_up_to_the_sample_size_scores_are_those_of_all_rows(
    contract, accounts_of
):
    analysis = compare_leads(
        accounts_of(2000, 1), accounts_of(1500, 2), contract, 0.3, 0.5
    )
    assert {column.error for column in analysis.report.columns} == {0.0}
    assert analysis.sampled_rows == 2000


def test_scores_of_more_rows_are_within_their_stated_error(
    contract, accounts_of, on_disk, sample_of_1000
):
    before, now = accounts_of(6000, 1), drifted(accounts_of(5000, 2))
    full = {c.column: c for c in judge_all_rows(before, now, contract)}
    analysis = compare_leads(on_disk(before), on_disk(now), contract, 0.3, 0.5)
    for name, column in columns_of(analysis).items():
        assert 0 < column.error < 0.05
        assert column.score == pytest.approx(full[name].score, abs=column.error)
        assert column.drifted == full[name].drifted
    details = described(analysis)
    assert details.rows == {"reference": 6000, "current": 5000}
    assert set(details.score_error) == set(full)


def judge_all_rows(before, now, contract, *fields):
    columns = judge.comparable_columns(contract)
    monitored = [
        column
        for column in columns
        if (not fields or column.field in fields)
        and before[column.field].nunique(dropna=False) > 1
    ]
    comparison = compare_frames(before, now, monitored, drift_config().missing)
    return judge.detect_drift(comparison, drift_config()).columns


def test_a_score_within_its_error_of_the_threshold_is_settled_on_all_rows(
    contract, accounts_of, sample_of_1000
):
    before, now = accounts_of(6000, 1), accounts_of(5000, 2)

    def moved_by(shift):
        return now.assign(minutes=now["minutes"] + shift)

    def exactly(leads):
        (exact,) = (
            column
            for column in judge_all_rows(
                before[["minutes"]], leads[["minutes"]], contract, "minutes"
            )
        )
        return exact

    nearest = brentq(
        lambda shift: exactly(moved_by(shift)).score - 0.1,
        0,
        before["minutes"].std(),
        xtol=before["minutes"].std() / 1000,
    )
    for nudge in (0.99, 1.01):
        moved = moved_by(nearest * nudge)
        exact = exactly(moved)
        analysis = compare_leads(before, moved, contract, 0.3, 0.5)
        assert analysis.report.exact_columns == ("minutes",)
        assert (
            f"judged on all rows: minutes {exact.score:.4f}"
            in analysis.report.html()
        )
        assert columns_of(analysis)["minutes"] == exact


def test_a_method_without_a_known_error_is_computed_on_all_rows(
    contract, accounts_of, sample_of_1000, monkeypatch
):
    pinned = judge.drift_config()
    other = pinned.model_copy(
        update={
            "numeric": pinned.numeric.model_copy(
                update={"method": "ks", "threshold": 0.05}
            )
        }
    )
    monkeypatch.setattr(judge, "drift_config", lambda: other)
    analysis = compare_leads(
        accounts_of(3000, 1), accounts_of(3000, 2), contract, 0.3, 0.5
    )
    assert set(analysis.report.exact_columns) == {"visits", "minutes"}


def test_new_levels_are_reported_with_their_rows_and_are_no_outage(
    contract, accounts_of
):
    now = accounts_of(1500, 2)
    now = now.assign(channel=now["channel"].mask(now.index % 3 == 0, "partner"))
    analysis = compare_leads(accounts_of(2000, 1), now, contract, 0.3, 0.5)
    assert (
        analysis.new_levels
        == described(analysis).new_levels
        == {"channel": {"partner": 500}}
    )
    assert analysis.outages == ()


@pytest.mark.parametrize("side", ["reference", "current window"])
def test_a_column_that_one_side_lacks_is_left_out_and_the_others_are_compared(
    contract, accounts, side
):
    without = accounts.drop(columns="minutes")
    pair = (without, accounts) if side == "reference" else (accounts, without)
    analysis = compare_leads(*pair, contract, 0.3, 0.5)
    of_both = compare_leads(accounts, accounts, contract, 0.3, 0.5)
    assert set(columns_of(analysis)) == set(columns_of(of_both)) - {"minutes"}
    assert [outage.kind for outage in analysis.outages] == (
        ["absent"] if side == "current window" else []
    )


@pytest.mark.parametrize(
    ("rows", "side"), [((0, 600), "reference"), ((600, 0), "current window")]
)
def test_a_side_without_rows_is_named(contract, accounts, rows, side):
    with pytest.raises(NothingToCompareError, match=f"{side} has no rows"):
        compare_leads(
            accounts.head(rows[0]), accounts.head(rows[1]), contract, 0.3, 0.5
        )


def test_a_column_that_is_missing_on_both_sides_does_not_disturb_the_others(
    contract, accounts_of
):
    before, now = (
        accounts_of(1000, seed).assign(visits=np.nan, region=None)
        for seed in (1, 2)
    )
    analysis = compare_leads(before, now, contract, 0.3, 0.5)
    assert verdict_of(analysis) == "stable"
    assert not {"visits", "region"} & set(columns_of(analysis))


def with_constant(frame, share, value="Yes"):
    """The frame, in which the first rows of the constant column hold another value."""
    rows = frame.index < share * len(frame)
    return frame.assign(constant=frame["constant"].mask(rows, value))


@pytest.mark.parametrize("share", [0.02, 0.3, 1.0])
def test_a_constant_that_starts_to_vary_is_drift_with_its_new_levels_named(
    contract, accounts_of, share
):
    current = with_constant(accounts_of(1500, 2), share)
    analysis = compare_leads(accounts_of(2000, 1), current, contract, 0.3, 0.5)
    assert analysis.report.drifted_columns == ("constant",)
    assert analysis.new_levels == {"constant": {"Yes": round(share * 1500)}}
    assert analysis.outages == ()


def test_a_constant_that_a_few_leads_have_left_has_not_drifted(
    contract, accounts_of
):
    current = with_constant(accounts_of(1500, 2), 0.004)
    analysis = compare_leads(accounts_of(2000, 1), current, contract, 0.3, 0.5)
    assert analysis.report.drifted_columns == ()
    assert analysis.new_levels == {"constant": {"Yes": 6}}


def test_a_number_that_was_constant_and_varies_is_drift(contract, accounts_of):
    before = accounts_of(2000, 1).assign(visits=3.0)
    now = accounts_of(1500, 2)
    now = now.assign(visits=np.where(now.index < 300, 4.0, 3.0))
    analysis = compare_leads(before, now, contract, 0.3, 0.5)
    assert analysis.report.drifted_columns == ("visits",)
    assert analysis.new_levels == {"visits": {"4": 300}}
    many = now.assign(visits=now.index + 0.5)
    analysis = compare_leads(before, many, contract, 0.3, 0.5)
    assert analysis.new_levels == {"visits": {"(other numbers)": 1500}}


@pytest.mark.slow
def test_random_halves_of_a_column_with_many_levels_do_not_drift(
    contract, accounts_of
):
    random = np.random.default_rng(0)
    shares = 1 / np.arange(1, 501)
    for seed in range(5):
        sides = []
        for rows in (2000, 1000):
            levels = random.choice(500, rows, p=shares / shares.sum())
            frame = accounts_of(rows, seed)
            sides.append(frame.assign(channel=levels.astype(str)))
        analysis = compare_leads(*sides, contract, 0.3, 0.5)
        channel = columns_of(analysis)["channel"]
        assert not channel.drifted
        assert channel.threshold > channel.score > 0.1
        assert "channel" not in {outage.column for outage in analysis.outages}


def with_seasonal(contract, *fields):
    """The contract with these columns marked as seasonal."""
    columns = [
        column.model_copy(update={"seasonal": column.field in fields})
        for column in contract.columns
    ]
    return contract.model_copy(update={"columns": tuple(columns)})


def test_a_seasonal_column_is_shown_and_counts_on_neither_side_of_the_share(
    contract, accounts_of
):
    sides = accounts_of(2000, 1), drifted(accounts_of(1500, 2))
    plain = compare_leads(*sides, contract, 0.3, 0.5)
    assert set(plain.report.drifted_columns) == {"minutes", "channel"}
    marked = with_seasonal(contract, "channel")
    details = described(compare_leads(*sides, marked, 0.3, 0.5))
    assert details.drifted_columns == ("minutes",)
    assert details.seasonal_columns == ("channel",)
    assert details.compared_columns == len(plain.report.columns) - 1
    assert details.drifted_share == 1 / details.compared_columns
    shown = {column.column: column for column in details.columns}
    assert shown["channel"].drifted
    assert shown["channel"].seasonal


def test_seasonal_columns_alone_are_no_drift(contract, accounts_of):
    before = accounts_of(2000, 1)
    current = drifted(accounts_of(1500, 2))
    marked = with_seasonal(contract, "channel", "minutes")
    assert verdict(before, current, contract, share=0.01) == "drift"
    assert verdict(before, current, marked, share=0.01) == "stable"


def test_where_every_column_is_seasonal_nothing_has_drifted(
    contract, accounts_of
):
    marked = with_seasonal(contract, *contract.fields)
    sides = accounts_of(2000, 1), drifted(accounts_of(1500, 2))
    report = compare_leads(*sides, marked, 0.3, 0.5).report
    assert report.drifted_share == 0
    assert "they move by the calendar" in report.note


def test_a_slow_column_that_moves_is_a_drift(contract, accounts_of):
    columns = [
        column.model_copy(update={"slow": column.field == "minutes"})
        for column in contract.columns
    ]
    slow = contract.model_copy(update={"columns": tuple(columns)})
    sides = accounts_of(2000, 1), drifted(accounts_of(1500, 2))
    report = compare_leads(*sides, slow, 0.3, 0.5).report
    assert "minutes" in report.drifted_columns
