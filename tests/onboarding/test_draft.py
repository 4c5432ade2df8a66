"""A contract is drafted from a stranger's file, loads as it is, and asks what only a person knows."""

import csv
import gzip
import io
import json
import random
from pathlib import Path

import pandas as pd
import pytest

from include.contract import Contract, load_contract
from onboarding.draft import draft_file
from onboarding.errors import DraftError, UnreadableFileError

ROWS = 120


def rows_of(count: int = ROWS) -> list[dict[str, str]]:
    """Return leads with a key, a date, numbers, levels and an outcome."""
    chance = random.Random(0)  # noqa: S311 - no secret
    return [
        {
            "Lead Id": f"L{number:04d}",
            "Created": f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
            "Visits": str(chance.randint(0, 9)),
            "Amount": f"{chance.randint(100, 999)}.{chance.randint(10, 99)}",
            "Channel": chance.choice(["Web", "Fair", "Mail"]),
            "Newsletter": chance.choice(["yes", "no"]),
            "Won": chance.choice(["yes", "no"]),
        }
        for number in range(count)
    ]


def text_of(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.fixture
def draft(tmp_path):
    """Draft a contract from a file's content; returns it, its text and what was said."""

    def run(
        content: str | bytes, name: str = "leads.csv"
    ) -> tuple[Contract, str, str]:
        path = tmp_path / name
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
        said = draft_file("company", path, tmp_path)
        written = tmp_path / "company.yaml"
        contract = load_contract(str(written))
        load_contract.cache_clear()
        return contract, written.read_text(encoding="utf-8"), said

    return run


def types(contract: Contract) -> dict[str, str]:
    return {column.name: column.type for column in contract.columns}


def test_a_draft_has_key_clock_outcome_and_types_and_says_what_to_do_next(
    draft,
):
    contract, text, said = draft(text_of(rows_of()))
    assert (contract.key, contract.clock, contract.label) == (
        "lead_id",
        "created",
        "won",
    )
    assert types(contract) == {
        "Lead Id": "string",
        "Created": "date",
        "Visits": "integer",
        "Amount": "number",
        "Channel": "category",
        "Newsletter": "yes_no",
        "Won": "integer",
    }
    assert contract.column("won").positive == ("yes",)
    assert "files:" not in text  # only what differs from the defaults
    assert "make contract CHECK=company" in said


@pytest.mark.parametrize(
    ("delimiter", "word"),
    [("\t", "tab"), ("|", "pipe"), (";", "semicolon")],
)
def test_other_delimiters_are_found(draft, delimiter, word):
    contract, text, _ = draft(text_of(rows_of(), delimiter), "leads.txt")
    assert contract.files.delimiter == delimiter
    assert f"delimiter: {word}" in text


def test_the_line_in_which_excel_names_the_delimiter_is_no_header(draft):
    contract, text, _ = draft("sep=;\r\n" + text_of(rows_of(), ";"))
    assert contract.files.delimiter == ";"
    assert contract.key == "lead_id"
    assert "sep=;" in text


def test_utf_16_with_tabs_and_a_packed_file_are_read(draft):
    content = text_of(rows_of(), "\t").encode("utf-16")
    contract, _, _ = draft(gzip.compress(content), "leads.csv.gz")
    assert contract.files.encoding == "utf-16"
    assert contract.key == "lead_id"


def test_two_encodings_in_one_file_are_asked_about(draft):
    rows = rows_of()
    rows[0]["Channel"] = "Köln"
    rows[1]["Channel"] = "KOELN2"
    content = text_of(rows).encode()
    content = content.replace(b"KOELN2", "Köln".encode("latin-1"))
    contract, text, _ = draft(content)
    assert contract.files.encoding == "windows-1252"
    assert "two encodings" in text


def test_a_german_file_has_decimal_commas_currencies_and_its_own_dates(draft):
    rows = rows_of()
    for number, row in enumerate(rows):
        row["Amount"] = f"{number + 1}.{100 + number},50 €"
        row["Created"] = f"{number % 28 + 1:02d}.{number % 12 + 1:02d}.2025"
        row["Newsletter"] = "ja" if number % 2 else "nein"
    contract, _, _ = draft(text_of(rows, ";").encode("windows-1252"))
    assert (contract.files.decimal, contract.files.thousands) == (",", ".")
    assert contract.files.date_formats == ("%d.%m.%Y",)
    assert contract.column("amount").symbols == ("€",)
    assert contract.column("newsletter").positive == ("ja",)


def test_days_and_months_that_could_be_swapped_are_asked_about(draft):
    rows = rows_of()
    for number, row in enumerate(rows):
        row["Created"] = f"{number % 12 + 1:02d}/{number % 11 + 1:02d}/2025"
    _, text, _ = draft(text_of(rows))
    assert "is 01/01/2025 written as %d/%m/%Y? It could be %m/%d/%Y" in text


@pytest.mark.parametrize(
    ("cells", "positive"),
    [
        (("yes", "no"), ("yes",)),
        (("true", "false"), ("true",)),
        (("1", "0"), ()),
        (("Ja", "Nein"), ("Ja",)),
        (("won", "lost"), ("won",)),
    ],
)
def test_the_outcome_is_read_whatever_its_words_are(draft, cells, positive):
    rows = rows_of()
    for number, row in enumerate(rows):
        row["Won"] = cells[number % 3 > 0]
    contract, _, _ = draft(text_of(rows))
    assert contract.column("won").positive == positive


def test_an_outcome_of_1_and_2_is_asked_about(draft):
    rows = rows_of()
    for number, row in enumerate(rows):
        row["Won"] = "1" if number % 3 else "2"
    contract, _, said = draft(text_of(rows))
    assert contract.column("won").positive == ("2",)
    assert "does 2 mean that it happened" in said


def test_the_open_leads_of_an_outcome_with_three_values_are_missing(draft):
    rows = rows_of()
    for number, row in enumerate(rows):
        row["Won"] = ("won", "lost", "open")[number % 3]
    contract, _, said = draft(text_of(rows))
    label = contract.column("won")
    assert label.positive == ("won",)
    assert label.negative == ("lost",)
    assert "open" in contract.null_tokens_of(label)
    assert "leads with open count as open" in said


@pytest.mark.parametrize(
    ("cell", "held"), [("yes", "only 'yes'"), ("", "nothing")]
)
def test_a_constant_and_an_empty_outcome_are_refused(
    draft, tmp_path, cell, held
):
    rows = [{**row, "Won": cell} for row in rows_of()]
    with pytest.raises(DraftError, match=f"'Won' looks like .* holds {held}"):
        draft(text_of(rows))
    assert not (tmp_path / "company.yaml").exists()


def test_a_file_without_a_key_and_a_date_counts_its_rows(draft):
    rows = [
        {name: row[name] for name in ("Visits", "Channel", "Newsletter", "Won")}
        for row in rows_of()
    ]
    contract, _, said = draft(text_of(rows))
    assert contract.column(contract.key).derived == "row_key"
    assert contract.column(contract.clock).derived == "row_number"
    assert "what identifies a lead" in said


def test_a_key_that_repeats_is_no_key_and_its_share_is_named(draft):
    rows = rows_of()
    for row in rows[:6]:
        row["Lead Id"] = "L0119"
    for row in rows:
        row["Created"] = "2025-01-01"
    contract, text, _ = draft(text_of(rows))
    assert contract.column(contract.key).derived == "row_key"
    assert "Lead Id (5.00% of rows repeat)" in text


def test_two_columns_may_be_the_key_together(draft):
    rows = rows_of()
    for number, row in enumerate(rows):
        row["Lead Id"] = f"C{number % 60:04d}"
        row["Created"] = f"2025-01-{number // 60 + 1:02d}"
    contract, text, _ = draft(text_of(rows))
    assert set(contract.key_columns) == {"lead_id", "created"}
    assert "identify a lead together" in text


def test_what_is_known_only_afterwards_is_kept_from_the_models(draft):
    rows = rows_of()
    for row in rows:
        row["Call duration"] = "30"
        row["Score"] = "9" if row["Won"] == "yes" else "2"
    contract, _, said = draft(text_of(rows))
    assert contract.column("call_duration").known_at == "outcome"
    assert contract.column("score").known_at == "outcome"
    assert "is Score known only after the outcome? alone it ranks" in said


def test_personal_data_is_never_shown_and_no_model_sees_it(draft):
    rows = [
        {
            **row,
            "Contact Name": f"Person {number}",
            "Reachable at": f"p{number}@mail.org",
            "Phone": f"+49 30 {100000 + number}",
        }
        for number, row in enumerate(rows_of())
    ]
    contract, _, _ = draft(text_of(rows))
    for field in ("contact_name", "reachable_at", "phone"):
        assert not contract.column(field).explain
        assert contract.column(field).type == "string"


def test_tokens_for_missing_and_numbers_of_nines_are_noticed(draft):
    rows = rows_of()
    for number, row in enumerate(rows):
        row["Channel"] = "unknown" if number % 4 else "Web"
        row["Visits"] = "999" if number % 2 else row["Visits"]
        row["Amount"] = "none given" if number % 5 == 0 else row["Amount"]
    contract, text, _ = draft(text_of(rows))
    assert "unknown" in contract.null_tokens
    assert "does 999 mean missing" in text
    assert contract.column("amount").null_tokens == ("", "none given")


def test_near_constants_calendars_and_orders_are_marked(draft):
    rows = rows_of(200)
    months = ("jan", "feb", "mar")
    for number, row in enumerate(rows):
        row["Country"] = "NZ" if number == 7 else "DE"
        row["Month"] = months[number % 3]
        row["Interest"] = ("low", "medium", "high")[number % 3]
    contract, text, _ = draft(text_of(rows))
    assert contract.column("country").near_constant
    assert contract.column("month").seasonal
    assert "order: [low, medium, high]" in text


def test_json_lines_and_parquet_are_read(draft, tmp_path):
    rows = rows_of()
    for number, row in enumerate(rows):
        row["Won"] = number % 2 == 0
        row["Visits"] = None if number % 7 == 0 else number % 5
    text = "\n".join(json.dumps({**row, "utm": {"a": 1}}) for row in rows)
    contract, written, _ = draft(text, "leads.jsonl")
    assert contract.files.format == "json_lines"
    assert types(contract)["Visits"] == "integer"
    assert "utm" in written
    (tmp_path / "company.yaml").unlink()
    packed = io.BytesIO()
    pd.DataFrame(rows).to_parquet(packed)
    contract, _, _ = draft(packed.getvalue(), "leads.parquet")
    assert contract.files.format == "parquet"
    assert types(contract)["Visits"] == "integer"


def test_a_file_without_a_header_is_refused(draft):
    lines = text_of(rows_of()).splitlines()[1:]
    table = "\n".join(",".join(line.split(",")[2:4]) + ",1" for line in lines)
    with pytest.raises(UnreadableFileError, match="no header but a row"):
        draft(table)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"a,b,won\n", "no row below"),
        (b"PK\x03\x04rest", "save it as CSV"),
        (b"a,a,won\n1,2,yes\n", "names a twice"),
    ],
)
def test_files_that_hold_no_table_are_refused_with_the_reason(
    draft, content, words
):
    with pytest.raises(UnreadableFileError, match=words):
        draft(content)


def test_a_file_of_three_rows_can_be_drafted(draft):
    contract, _, _ = draft("id,visits,won\na1,3,yes\na2,4,no\na3,5,no\n")
    assert contract.key == "id"
    assert contract.label == "won"


@pytest.mark.slow
def test_a_file_of_many_columns_can_be_drafted(draft):
    names = [f"Q{number}" for number in range(600)]
    rows = [
        {"id": f"R{row}", **{name: str((row * 7) % 5) for name in names}}
        for row in range(20)
    ]
    for number, row in enumerate(rows):
        row["purchased"] = str(number % 2)
    contract, _, _ = draft(text_of(rows))
    assert len(contract.columns) == 603


def test_a_contract_is_never_written_over(draft):
    draft(text_of(rows_of()))
    with pytest.raises(DraftError, match="nothing is written over"):
        draft(text_of(rows_of()))


def test_a_name_that_is_none_is_refused_with_one_that_is(tmp_path):
    with pytest.raises(DraftError, match="NAME=our_leads"):
        draft_file("Our Leads", Path("leads.csv"), tmp_path)
