"""Null tokens counted in the raw files."""

import pandas as pd
import pytest

from include.lake.objects import write_bytes, write_text
from include.reporting.eda_source import source_tokens

KEYS = pd.Series(["a", "b", "c"])


def cells(found, field, token):
    return int(found.counts.loc[field, token])


def test_tokens_of_the_snapshots_leads_are_counted_under_business_headers(
    layout,
):
    write_text(
        layout.raw + "1.csv",
        "Account,Channel,Region\na,n/a,\nb,web,n/a\nz,n/a,n/a\n",
    )
    found = source_tokens(KEYS, layout)
    assert found.leads == 2
    assert (cells(found, "channel", "n/a"), cells(found, "region", "n/a")) == (
        1,
        1,
    )
    assert cells(found, "region", "(empty)") == 1


def test_the_last_row_of_a_lead_counts(layout):
    write_text(layout.raw + "1.csv", "Account,Channel\na,n/a\na,web\nb,n/a\n")
    write_text(layout.raw + "2.csv", "Account,Channel\nb,web\n")
    found = source_tokens(KEYS, layout)
    assert (found.leads, cells(found, "channel", "n/a")) == (2, 0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"Other,Columns\n1,2\n",
        b'Account,Channel\na,"never closed',
        b"\x00\xff\xfe",
        b"PK\x03\x04 xlsx",
    ],
)
def test_a_file_that_is_no_csv_of_leads_is_left_out(layout, content):
    write_text(layout.raw + "1.csv", "Account,Channel\nb,n/a\n")
    write_bytes(layout.raw + "2.csv", content)
    found = source_tokens(pd.Series(["b"]), layout)
    assert (found.leads, cells(found, "channel", "n/a")) == (1, 1)


def test_broken_bytes_a_byte_order_mark_and_short_rows_do_no_harm(layout):
    write_bytes(
        layout.raw + "1.csv",
        b"\xef\xbb\xbf Account ,Channel,Region\r\na,n/a\r\nb,\xff\xfe,n/a\r\n",
    )
    found = source_tokens(KEYS, layout)
    assert (
        found.leads,
        cells(found, "channel", "n/a"),
        cells(found, "region", "(empty)"),
    ) == (2, 1, 1)


def test_without_raw_files_no_lead_is_found(layout):
    found = source_tokens(KEYS, layout)
    assert found.leads == 0
    assert found.counts.to_numpy().sum() == 0
