"""Levels that are only written differently are reported, and are no drift, no outage and no new levels."""

import numpy as np
import pandas as pd
import pytest

from include.decisions import Decisions
from include.lake.columns import open_parquet
from include.monitoring.columns.assess import compare_leads
from include.monitoring.columns.spelling import (
    Vocabulary,
    is_null_word,
    null_words,
    spelling_key,
)
from include.monitoring.errors import NotNumbersError
from include.monitoring.summary import describe
from include.monitoring.verdict import Evidence, assess_drift

ROWS = 3000
WORDS = null_words(())


def compare(reference, current, contract, share=0.3):
    return compare_leads(reference, current, contract, share, 0.5)


def details(analysis):
    evidence = Evidence(analysis, outages=analysis.outages)
    verdict = assess_drift(Decisions(), evidence)
    return describe("run", "7", analysis.current_rows, evidence, verdict)


def entries(analysis):
    """What was reported: column, level as written, what it stands for, rows."""
    return [
        (entry.column, entry.level, entry.stands_for, entry.rows)
        for entry in details(analysis).spelling
    ]


def vocabulary(counts, contract, field="channel"):
    rows = pd.Series(counts, dtype="int64")
    return Vocabulary(rows, contract.column(field), WORDS)


@pytest.fixture
def of_24_columns(contract):
    """A contract of 24 columns of levels beside key, label and clock, and what makes its leads."""
    roles = [
        contract.column(role)
        for role in (contract.key, contract.label, contract.clock)
    ]
    channel = contract.column("channel").model_copy(
        update={"allowed": (), "groups": {}}
    )
    levels = [
        channel.model_copy(update={"name": f"c{n}", "field": f"c{n}"})
        for n in range(24)
    ]
    wide = contract.model_copy(update={"columns": (*roles, *levels)})

    def leads(seed):
        random = np.random.default_rng(seed)
        columns = {
            f"c{n}": pd.Series(
                random.choice(
                    ["a", "b", "c", None], ROWS, p=[0.4, 0.25, 0.2, 0.15]
                ),
                dtype=object,
            )
            for n in range(24)
        }
        return pd.DataFrame(
            {
                contract.key: [str(row) for row in range(ROWS)],
                contract.label: random.integers(0, 2, ROWS),
                contract.clock: np.arange(ROWS),
                **columns,
            }
        )

    return wide, leads


def test_a_null_word_for_a_missing_cell_in_seven_columns_is_no_drift(
    of_24_columns,
):
    contract, leads = of_24_columns
    current = leads(2)
    changed = {
        f"c{n}": current[f"c{n}"].where(current[f"c{n}"].notna(), "NA")
        for n in range(7)
    }
    analysis = compare(leads(1), current.assign(**changed), contract)
    assert analysis.report.drifted_share == 0
    assert entries(analysis) == [
        (f"c{n}", "NA", "missing", int(current[f"c{n}"].isna().sum()))
        for n in range(7)
    ]
    assert analysis.new_levels == {}
    assert details(analysis).verdict == "stable"


def test_null_words_in_cells_that_were_filled_stay_a_drift(of_24_columns):
    contract, leads = of_24_columns
    current = leads(2)
    emptied = np.random.default_rng(3).random(ROWS) < 0.3
    changed = {f"c{n}": current[f"c{n}"].mask(emptied, "n/a") for n in range(9)}
    analysis = compare(leads(1), current.assign(**changed), contract)
    assert len(analysis.report.drifted_columns) == 9
    assert analysis.missing_current["c0"] > 0.35
    assert details(analysis).verdict == "drift"


def test_a_column_that_is_all_null_words_is_an_outage(contract, accounts):
    current = accounts.assign(channel="(blank)")
    (outage,) = compare(accounts, current, contract).outages
    assert (outage.column, outage.kind) == ("channel", "missing")


def test_a_null_word_that_the_reference_holds_as_a_level_stays_one(
    contract, accounts
):
    namibia = accounts.assign(
        channel=accounts["channel"].mask(accounts.index % 10 == 0, "NA")
    )
    more = accounts.assign(
        channel=accounts["channel"].mask(accounts.index % 2 == 0, "NA")
    )
    analysis = compare(namibia, more, contract)
    assert analysis.spelling == {}
    assert "channel" in analysis.report.drifted_columns
    assert vocabulary({"web": 99, "NA": 1}, contract).replacements(
        ["NA", "na", "n/a"]
    ) == {"na": "NA", "n/a": None}


def test_a_null_word_in_a_few_cells_of_the_reference_is_a_slip(
    contract, accounts_of
):
    before = accounts_of(2000, 1)
    slip = before.assign(region=before["region"].mask(before.index < 5, "NA"))
    now = accounts_of(1500, 2)
    written = now.assign(region=now["region"].fillna("NA"))
    analysis = compare(slip, written, contract)
    assert analysis.report.drifted_columns == ()
    assert analysis.missing_current["region"] == now["region"].isna().mean()
    surge = now.assign(region=now["region"].mask(now.index % 3 == 0, "NA"))
    analysis = compare(slip, surge, contract)
    assert analysis.report.drifted_columns == ("region",)


def test_a_null_word_that_the_contract_names_as_a_level_stays_one(contract):
    column = contract.column("channel")
    named = column.model_copy(update={"allowed": (*column.allowed, "None")})
    words = Vocabulary(pd.Series({"web": 9}), named, WORDS)
    assert words.replacements(["None", "none"]) == {"none": "None"}


@pytest.mark.parametrize(
    "word",
    ["NA", "n/a", "N.A.", "null", "NULL", "none", "-", "--", "–", "?", "", "  ", "nan", "(blank)", "#N/A", "<NA>",
     "[Null]", "Unknown", "not available", "…", "N/A\u200b", "ｎ／ａ", "\xa0", "(-)", "__", "''", "- / -", "«»"],
)  # fmt: skip
def test_words_for_an_empty_cell_are_known_however_they_are_written(word):
    assert is_null_word(word, WORDS)


@pytest.mark.parametrize(
    "level",
    ["no", "Nan Jing", "North", "other", "★★★", "+", "0", "n", "нет", "無し", "👍", "€", "not sure", "select",
     "*", "***", "＊", "%", "&", "#", "!", "@", "§"],
)  # fmt: skip
def test_other_levels_are_no_word_for_an_empty_cell(level):
    assert not is_null_word(level, WORDS)


def test_a_new_grade_of_signs_is_a_new_level_and_no_empty_cell(
    contract, accounts
):
    one_star = accounts.assign(channel="*")
    before = one_star.assign(
        channel=one_star["channel"].mask(accounts.index % 2 == 0, "**")
    )
    current = before.assign(
        channel=before["channel"].mask(accounts.index % 5 < 3, "***")
    )
    analysis = compare(before, current, contract)
    assert analysis.outages == ()
    assert "channel" in analysis.report.drifted_columns
    assert analysis.new_levels["channel"]["***"] == 360


def test_where_signs_are_a_scale_a_dash_is_one_of_its_levels(contract):
    scale = vocabulary({"+": 60, "++": 40}, contract)
    assert scale.replacements(["-", "--", "NA", ""]) == {"NA": None, "": None}
    names = vocabulary({"web": 60, "fair": 40}, contract)
    assert names.replacements(["-", "--"]) == {"-": None, "--": None}


def test_the_contract_adds_words_of_its_own():
    assert is_null_word("SELECT ", null_words(("Select",)))
    assert is_null_word("Неизвестно", null_words(("неизвестно",)))


@pytest.mark.parametrize(
    ("level", "other"),
    [
        ("Yes", "  Yes"), ("Yes", "YES"), ("Yes", "yes\u200b"), ("Yes", "Ｙｅｓ"), ("a b c", "a  b\xa0c"),
        ("Café", "CAFE\u0301"), ("Straße", "STRASSE"), ("Санкт-Петербург", "САНКТ–ПЕТЕРБУРГ"), ("Αθήνας", "ΑΘΉΝΑΣ"),
        ("می\u200cخواهم", "میخواهم"), ("don't know", "Don’t know"), ("❤", "❤\ufe0f"), ("1000", "1,000"), ("3", "3.0"),
        ("line break", "line\r\nbreak"), ("ｶﾞ", "ガ"), ("yes", "\x00yes"),
    ],
)  # fmt: skip
def test_spellings_of_one_level_have_one_key(level, other):
    assert spelling_key(level) == spelling_key(other)


@pytest.mark.parametrize(
    ("level", "other"),
    [
        ("Cafe", "Café"), ("web", "website"), ("3", "3.5"), ("3.1", "3.10"), ("1", "1.000"), ("07", "7"), ("A-1", "A1"),
        ("да", "da"), ("हिन्दी", "हिंदी"), ("C", "C++"), ("は", "ば"), ("<18", ">18"), ("10-20", "10+20"), ("👍", "👎"),
    ],
)  # fmt: skip
def test_other_levels_have_other_keys(level, other):
    assert spelling_key(level) != spelling_key(other)


@pytest.mark.parametrize("slip", [str.upper, lambda level: f" {level}\u200b"])
def test_a_column_in_another_spelling_is_reported_and_is_no_drift(
    contract, accounts_of, slip
):
    current = accounts_of(1500, 2)
    levels = current["channel"].dropna().unique()
    written = current.assign(
        channel=current["channel"].map(slip, na_action="ignore")
    )
    analysis = compare(accounts_of(2000, 1), written, contract)
    plain = compare(accounts_of(2000, 1), current, contract)
    assert analysis.report.columns == plain.report.columns
    assert analysis.outages == analysis.report.drifted_columns == ()
    assert analysis.new_levels == plain.new_levels
    assert {entry[1]: entry[2] for entry in entries(analysis)} == {
        slip(level): level for level in levels
    }


def test_a_level_with_another_name_stays_a_drift(contract, accounts_of):
    current = accounts_of(1500, 2)
    renamed = current.assign(
        channel=current["channel"].replace({"mail": "letter"})
    )
    analysis = compare(accounts_of(2000, 1), renamed, contract)
    assert analysis.spelling == {}
    assert "channel" in analysis.report.drifted_columns
    assert "letter" in analysis.new_levels["channel"]


def test_two_spellings_that_the_contract_names_and_that_are_in_use_are_two_levels(
    contract,
):
    column = contract.column("channel").model_copy(
        update={"allowed": ("a", "A"), "groups": {}}
    )
    in_use = Vocabulary(pd.Series({"a": 600, "A": 400}), column, WORDS)
    assert in_use.replacements(["a", "A", "a "]) == {"a ": "a"}
    slip = Vocabulary(pd.Series({"a": 998, "A": 2}), column, WORDS)
    assert slip.replacements(["a", "A", "a "]) == {"A": "a", "a ": "a"}


def test_two_spellings_of_the_reference_are_one_level_that_does_not_drift(
    contract, accounts_of
):
    before = accounts_of(2000, 1)
    upper = before["channel"].str.upper()
    mixed = before.assign(
        channel=before["channel"].where(before.index < 1500, upper)
    )
    now = accounts_of(1500, 2)
    current = now.assign(channel=now["channel"].str.upper())
    analysis = compare(mixed, current, contract)
    assert "channel" not in analysis.report.drifted_columns
    assert analysis.outages == ()
    assert ("channel", "WEB", "web") in {
        entry[:3] for entry in entries(analysis)
    }


def test_a_slip_that_the_reference_knows_is_folded_on_both_sides(
    contract, accounts
):
    slip = accounts.assign(
        channel=accounts["channel"].mask(accounts.index == 0, "Web")
    )
    flipped = accounts.assign(
        channel=accounts["channel"].replace({"web": "Web"})
    )
    analysis = compare(slip, flipped, contract)
    assert analysis.outages == analysis.report.drifted_columns == ()
    rows = int((accounts["channel"] == "web").sum())
    assert entries(analysis) == [("channel", "Web", "web", rows)]


def test_a_slip_that_is_as_rare_as_in_the_reference_is_not_reported(
    contract, accounts
):
    slip = accounts.assign(
        channel=accounts["channel"].mask(accounts.index == 0, "Web")
    )
    assert compare(slip, slip, contract).spelling == {}


def test_null_words_in_a_column_of_numbers_are_missing(contract, accounts):
    words = accounts["minutes"].astype(object)
    words[:60] = "n/a"
    words[60:90] = "NaN"
    analysis = compare(accounts, accounts.assign(minutes=words), contract)
    assert entries(analysis) == [
        ("minutes", "n/a", "missing", 60),
        ("minutes", "NaN", "missing", 30),
    ]
    assert analysis.missing_current["minutes"] >= 90 / len(accounts)


@pytest.mark.parametrize("text", ["many", "1,000"])
def test_other_text_in_a_column_of_numbers_is_an_error(
    contract, accounts, text
):
    words = accounts["minutes"].astype(object)
    words[0] = text
    with pytest.raises(NotNumbersError, match="minutes"):
        compare(accounts, accounts.assign(minutes=words), contract)


def test_a_constant_in_another_spelling_is_reported(contract, accounts):
    before = accounts.assign(constant="No")
    analysis = compare(before, before.assign(constant="NO "), contract)
    assert entries(analysis) == [("constant", "NO ", "No", len(accounts))]
    assert "constant" not in analysis.missing_current


def test_no_more_spellings_are_listed_than_drift_yaml_says(contract, accounts):
    spellings = [f"web{'\u200b' * n}" for n in range(1, 31)]
    current = accounts.assign(channel=np.resize(spellings, len(accounts)))
    found = details(compare(accounts, current, contract))
    assert len(found.spelling) == 20
    assert found.spelling_not_listed == {"channel": 10}
    assert found.spelling_rows == {"channel": len(accounts)}
    assert found.spelling[0].shown.startswith(r"web\u200b")


def test_leads_on_disk_are_folded_as_frames_are(
    contract, accounts_of, tmp_path
):
    before = accounts_of(2000, 1)
    now = accounts_of(1500, 2)
    now = now.assign(
        channel=now["channel"].str.upper(),
        region=now["region"].where(now["region"].notna(), "N/A"),
    )
    sides = []
    for name, frame in {"before": before, "now": now}.items():
        folder = tmp_path / name
        folder.mkdir()
        frame.to_parquet(folder / "0000_part_00.parquet", index=False)
        sides.append(open_parquet(f"file://{folder}/"))
    assert compare(*sides, contract) == compare(before, now, contract)


def test_leads_are_folded_before_the_champion_is_asked(contract, accounts):
    written = accounts.assign(channel=accounts["channel"].str.upper())
    analysis = compare(accounts, written, contract)
    folded = analysis.folded(written.head(50))
    pd.testing.assert_series_equal(
        folded["channel"], accounts["channel"].head(50), check_dtype=False
    )
