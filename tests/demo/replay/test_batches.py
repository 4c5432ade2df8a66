"""Cutting a file into batches."""

import csv
import gzip
import io

import pytest

from demo.errors import UnusableFileError
from demo.leads.synthetic import synthetic_leads
from demo.replay.batches import PERIODS, Period, cut
from include.contract import load_contract

HALVES = (Period("1", "first", 0.5), Period("2", "second", 1.0))
HEADER = b'Prospect ID,Lead Number,"Lead Origin"\r\n'


@pytest.fixture(scope="module")
def contract():
    return load_contract("x_education")


def test_older_leads_come_first_whatever_the_order_of_the_file(contract):
    first, second = cut(
        HEADER + b"a,30,x\r\nb,10,x\r\nc,200,x\r\nd,4,x\r\n", contract, HALVES
    )
    assert first.content == HEADER + b"d,4,x\r\nb,10,x\r\n"
    assert second.content == HEADER + b"a,30,x\r\nc,200,x\r\n"
    assert (first.rows, second.rows) == (2, 2)


def test_rows_keep_their_bytes_even_broken_ones(contract):
    broken = b'a,1,"caf\xe9, bar"\r\n'
    first, _ = cut(HEADER + broken + b"b,2,x\r\n", contract, HALVES)
    assert first.content == HEADER + broken


def test_a_quoted_line_break_does_not_split_a_lead(contract):
    row = b'a,1,"two\r\nlines"\r\n'
    first, second = cut(HEADER + row + b"b,2,x\r\n", contract, HALVES)
    assert (first.content, second.rows) == (HEADER + row, 1)


def test_a_lead_whose_clock_is_no_number_comes_last_and_is_not_lost(contract):
    batches = cut(HEADER + b"a,?,x\r\nb,2,x\r\n", contract, HALVES)
    assert batches[1].content == HEADER + b"a,?,x\r\n"


def test_a_last_line_without_a_line_end_stays_a_line_of_its_own(contract):
    first, _ = cut(b"Prospect ID,Lead Number\nb,2\na,1", contract, HALVES)
    assert first.content == b"Prospect ID,Lead Number\na,1\n"


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-16"),
        lambda text: b"\xef\xbb\xbf\xef\xbb\xbf" + text.encode(),
        lambda text: gzip.compress(text.encode()),
        lambda text: b"sep=,\r\nLead report,,\n,,\n" + text.encode(),
        lambda text: text.replace("Lead Number", "lead\u00a0number").encode(),
    ],
)
def test_what_the_glue_job_reads_is_cut(contract, encode):
    # a header that ends with CRLF above rows that end with LF
    text = "Prospect ID,Lead Number\r\na, 30\n,\nb,\u200b4\nc,5\n"
    first, second = cut(encode(text), contract, HALVES)
    assert first.content.splitlines()[1:] == ["b,\u200b4".encode(), b"c,5"]
    assert second.content.splitlines()[1:] == [b"a, 30"]


def test_a_file_that_is_no_csv_is_refused_by_name(contract):
    with pytest.raises(UnusableFileError, match="Excel workbook"):
        cut(b"PK\x03\x04", contract, HALVES)


def test_a_file_without_the_clock_column_is_refused_by_name(contract):
    with pytest.raises(UnusableFileError, match="'Lead Number'"):
        cut(b"Prospect ID,Number\na,1\nb,2\n", contract, HALVES)


@pytest.mark.parametrize("content", [HEADER, HEADER + b"a,1,x\r\n", b""])
def test_a_file_with_too_few_rows_is_refused(contract, content):
    with pytest.raises(UnusableFileError, match="rows"):
        cut(content, contract, HALVES)


def test_the_default_periods_lose_no_lead(contract):
    text = synthetic_leads(2000, 1).to_csv(index=False, lineterminator="\r\n")
    batches = cut(text.encode(), contract)
    rows = [
        row
        for batch in batches
        for row in list(csv.reader(io.StringIO(batch.content.decode())))[1:]
    ]
    assert rows == list(csv.reader(io.StringIO(text)))[1:]
    assert [batch.rows for batch in batches] == [346, 119, 834, 701]
    assert len(batches) == len(PERIODS)
