"""Blocks of plain records and the careful path: together they say what the careful path says alone."""

import gzip
import json
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from include.glue.errors import UnreadableFileError
from include.glue.loading.run import survey_files
from include.glue.loading.survey import survey_part
from include.glue.loading.workers import Workers
from include.glue.objects import FoundObject
from include.glue.parts import block_walk, columns, part_reader
from include.glue.parts import division as parts
from include.glue.parts.division import Part, divide
from include.glue.records.csv_records import parse_file, records_above

HEADER = "Lead Id,Nr,Won,Visits,Pages,Channel,Heat,No calls"
GOOD = "a,1,0,3,1.5,Web,hot,No"


def careful(contract, content: bytes):
    """Every record of the careful path that is no summary, the blank rows and null tokens it counts."""
    *records, summary = parse_file(contract, content)
    return records, json.loads(summary.raw)


def fast(contract, file, part_of=None):
    """The same of the fast path, from all parts of a file."""
    found = found_object(file)
    files = [found]
    pieces, surveys = survey_files(contract, files, Workers(files))
    records = []
    above = 0
    tokens: Counter = Counter()
    for piece, survey in zip(pieces, surveys, strict=True):
        records += records_of(contract, piece, above)
        tokens.update(survey.counts.null_tokens)
        above += survey.lines
    return records, surveys, tokens


def found_object(file) -> FoundObject:
    status = file.stat()
    return FoundObject(
        file.name,
        f"file://{file}",
        status.st_size,
        status.st_mtime_ns // 1_000_000,
    )


def records_of(contract, part: Part, above: int):
    """Kind, line, raw text, rule, reason and values of every record of a part."""
    opened = parts.open_part(contract, part)
    if opened.header is None:
        return []
    found = []
    if opened.above is not None:
        found += [
            ("rejected", one.line, one.raw, one.rule, one.reason, None)
            for one in records_above(opened.header, opened.above)
        ]
    for chunk in opened.reader.chunks():
        found += [
            ("rejected", one.line + above, one.raw, one.rule, one.reason, None)
            for one in chunk.rejected
        ]
        values = zip(
            *[column.to_pylist() for column in chunk.rows.columns], strict=True
        )
        found += [
            ("row", int(line) + above, chunk.texts.raw(number), None, None, row)
            for number, (line, row) in enumerate(
                zip(chunk.lines, values, strict=True)
            )
        ]
    return found


def check_same(contract, file, content: bytes):
    """Assert that both paths say the same of a file."""
    file.write_bytes(content)
    expected, summary = careful(contract, content)
    if summary["unreadable"]:
        with pytest.raises(UnreadableFileError):
            records_of(contract, Part(found_object(file)), 0)
        return
    records, surveys, tokens = fast(contract, file)
    assert sorted(records, key=repr) == sorted(
        [
            (one.kind, one.line, one.raw, one.rule, one.reason, one.values)
            for one in expected
        ],
        key=repr,
    )
    assert sum(one.counts.rows for one in surveys) == summary["rows"]
    assert (
        sum(one.counts.blank_rows for one in surveys) == summary["blank_rows"]
    )
    nested: dict = {}
    for (name, token), rows in tokens.items():
        nested.setdefault(name, {})[token] = rows
    assert nested == summary["null_tokens"]


pieces = st.sampled_from(
    [
        b",", b",", b",", b'"', b'""', b"\n", b"\n", b"\r\n", b"\r", b" ",
        b"a", b"1", b"-3", b"1e5", b"1.5", b"Select", b"hot", b"No", b"Yes", b"Web",
        b"\xff", b"\xc3\xa9", b"\xc2\xa0", b"\xe2\x80\x8b", b"\xef\xbb\xbf", b"\0", b"\x1f\x8b", b"sep=,",
    ]
)  # fmt: skip
noise = st.lists(pieces | st.binary(max_size=3), max_size=12).map(b"".join)
cells = st.sampled_from(
    [
        b"a", b"b", b"1", b"0", b"3", b"1.5", b"Web", b"hot", b"No", b"", b" ", b"Select", b"x", b"1.2E+11", b"-1",
        b'"Web"', b'"We""b"', b'"We,b"', b'"We\nb"', b'"We\r\nb"', b' "Web"', b'"Web" ', b'"Web"x', b'"Web', b'W"b',
        b"Z\xc3\xbcrich", b"\xff", b"\xef\xbb\xbfa", b"\xe2\x80\x8bhot",
    ]
)  # fmt: skip
good_rows = st.tuples(
    st.sampled_from(["k1", "k2", "k3", " k4", "é5"]),
    st.integers(-2, 9),
    st.sampled_from(["Web", '"Web, site"', '"two\nlines"', "", "Select"]),
).map(lambda row: f"{row[0]},{row[1]},0,3,1.5,{row[2]},hot,No".encode())
odd_rows = st.lists(cells, min_size=7, max_size=9).map(b",".join)
ghosts = st.sampled_from(
    [b",,,,,,,", b"", b" ", b"Total,5", b"Total,1,0,3,1.5,Web,hot,No", b",,,"]
)
ends = st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"])
bodies = st.lists(
    st.tuples(good_rows | good_rows | odd_rows | noise | ghosts, ends).map(
        b"".join
    ),
    max_size=12,
).map(b"".join)
above = st.sampled_from(
    [b"", b"", b"\xef\xbb\xbf", b"sep=,\n", b"Leads of May\n\n", b"\n"]
)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks so small that every record lies at some border."""
    for module, name, size in (
        (part_reader, "BLOCK_BYTES", 64),
        (part_reader, "BEYOND_BYTES", 16),
        (block_walk, "STEP_BYTES", 64),
        (block_walk, "SMALL_STEP_BYTES", 32),
        (block_walk, "LOOKED_AHEAD_BYTES", 16),
        (parts, "HEAD_BYTES", 32),
        (parts, "GUESS_BYTES", 64),
    ):
        monkeypatch.setattr(module, name, size)


SAME_FIXTURES = settings(
    suppress_health_check=list(__import__("hypothesis").HealthCheck)
)


@SAME_FIXTURES
@given(start=above, body=bodies)
def test_any_file_gives_what_the_careful_path_says(
    contract, tmp_path, start, body
):
    content = start + HEADER.encode() + b"\n" + body
    check_same(contract, tmp_path / "a.csv", content)


@SAME_FIXTURES
@given(start=above, body=bodies)
def test_so_it_does_where_every_record_lies_at_the_border_of_a_block(
    contract, tmp_path, small_blocks, start, body
):
    content = start + HEADER.encode() + b"\n" + body
    check_same(contract, tmp_path / "a.csv", content)


@SAME_FIXTURES
@given(content=noise | st.binary(max_size=60))
@example(content=b"")
@example(content=b"PK\x03\x04")
@example(content=("\ufeff" + HEADER + "\n" + GOOD).encode("utf-16-le"))
def test_so_it_does_for_bytes_that_are_no_table(contract, tmp_path, content):
    check_same(contract, tmp_path / "a.csv", content)


NASTY = (
    HEADER
    + "\r\n"
    + GOOD
    + "\r\n"
    + 'b,2,1,0,0,"Mail, by\nhand",cold,Yes\n'
    + 'c,3,1,0,0,"Mail ""x""\r\n\r\n",cold,Yes\r'
    + "d,4,1,0,0,Zürich,cold,Yes\n"
    + 'e,5,1,0,0,"Mail,cold,Yes\n'
    + ",,,,,,,\n\n"
    + 'f,6,1,0,0,M"l,cold,Yes\n'
    + "g,x,1,0,0,Mail,cold,Yes\n"
    + "h,7,1\n"
    + 'i,8,1,0,0,"Mail",cold,Yes'
).encode()


@pytest.mark.parametrize("size", range(1, len(NASTY) // 2))
def test_a_file_divided_anywhere_gives_what_it_gives_in_one_piece(
    contract, tmp_path, monkeypatch, small_blocks, size
):
    monkeypatch.setattr(
        "include.glue.loading.run.divide", lambda files: divide(files, size)
    )
    check_same(contract, tmp_path / "a.csv", NASTY)


def test_a_part_that_begins_in_a_quoted_cell_is_read_again_from_where_the_one_before_ended(
    contract, tmp_path, monkeypatch
):
    note = "x,x,x,x,x,x,x,x\n" * 20
    content = f'{HEADER}\n{GOOD}\nb,2,1,0,0,"{note}",cold,Yes\n{GOOD}\n'
    monkeypatch.setattr(
        "include.glue.loading.run.divide", lambda files: divide(files, 100)
    )
    # a guess that is wrong wherever it can be
    monkeypatch.setattr(
        parts,
        "_guess_start",
        lambda content, *_others: content.find(b"\n") + 1 or len(content),
    )
    check_same(contract, tmp_path / "a.csv", content.encode())


@pytest.mark.parametrize("many", [1, 2_000])
def test_keys_that_the_careful_path_refuses_are_refused(
    contract, tmp_path, monkeypatch, many
):
    monkeypatch.setattr(columns, "MANY_TEXTS", many)
    keys = ["1.2E+11", "1,2E+11", "", "Select", " ", "a" * 2000, "ok", "12E3"]
    keys += [
        "Total",
        "grand TOTALS: 5",
        "Sub-total",
        "Totals of May",
        "\uff11e+5",
    ]
    rows = [f'"{key}",1,0,3,1.5,Web,hot,No\n' for key in keys]
    alone = "lonely,,,,,,,\n"
    content = f"{HEADER}\n{''.join(rows)}{alone}{GOOD}\n".encode()
    check_same(contract, tmp_path / "a.csv", content)


def test_gzip_is_unpacked_and_damaged_gzip_is_named(contract, tmp_path):
    packed = gzip.compress(NASTY)
    check_same(contract, tmp_path / "a.csv.gz", packed)
    broken = tmp_path / "b.csv.gz"
    broken.write_bytes(packed[:-20])
    survey = survey_part(contract, Part(found_object(broken)))
    assert survey.unreadable is not None
    assert "gzip is damaged" in survey.unreadable


def test_plain_rows_do_not_take_the_careful_path(
    contract, tmp_path, monkeypatch
):
    asked = []
    real = block_walk.parse_record

    def noted(*arguments):
        asked.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(block_walk, "parse_record", noted)
    rows = "".join(
        f'k{n},{n + 1},0,3,{n / 7},"Web, site",hot,No\n' for n in range(5000)
    )
    file = tmp_path / "a.csv"
    file.write_text(f"{HEADER}\n{rows}")
    survey = survey_part(contract, Part(found_object(file)))
    assert (survey.rows, asked) == (5000, [])
