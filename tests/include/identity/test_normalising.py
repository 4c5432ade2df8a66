"""Normalising columns of keys: each spelling once."""

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from include.identity import normalising, spellings
from include.identity.normalising import KeyNormaliser
from include.identity.spellings import normal_id, normal_phone
from tests.include.identity.helpers import rules

SPELLINGS = st.text(st.sampled_from("0123456789 ()-+/.,;xe\ntl:"), max_size=24)
NUMBERS = ["030 901820", "12", None, "030 901821", "+49 30 901820"]


def column(*texts):
    return pa.chunked_array([pa.array(texts, pa.string())])


@given(st.lists(SPELLINGS))
@example(["tel:+49 (30) 901820", "tel: 030-901820", " (030) 901820"])
@example(["tel:tel:030901820", "030901820\n", "-030901820", "(030) 901820)"])
def test_a_column_of_numbers_is_normalised_as_each_of_them(texts):
    spelling = rules().spelling
    normal = KeyNormaliser(spelling).column(column(*texts), "phone")
    keys = [normal_phone(text, spelling) for text in texts]
    assert normal.values.to_pylist() == [key.value for key in keys]
    problems = Counter(key.problem for key in keys if key.problem)
    assert normal.problems == problems


@given(st.lists(st.text(max_size=4)))
@example(["a", " a", "a\n", "a b", "é", "", "\x1f"])
def test_a_column_of_ids_is_normalised_as_each_of_them(texts):
    spelling = rules().spelling
    normal = KeyNormaliser(spelling).column(column(*texts), "id")
    keys = [normal_id(text, spelling) for text in texts]
    assert normal.values.to_pylist() == [key.value for key in keys]


def test_a_number_is_read_once_however_it_is_spelled(monkeypatch):
    texts = []
    read = spellings.NORMALISERS["phone"]

    def reading(text, spelling):
        texts.append(text)
        return read(text, spelling)

    monkeypatch.setattr(normalising, "NORMALISERS", {"phone": reading})
    normaliser = KeyNormaliser(rules().spelling)
    normaliser.column(column("030 901820", "(030) 90-18-20"), "phone")
    normal = normaliser.column(column("tel:030901820", None), "phone")
    assert normal.values.to_pylist() == ["+4930901820", None]
    assert texts == ["030901820"]


@pytest.mark.slow  # starts processes
def test_phone_numbers_are_the_same_on_several_processes(monkeypatch):
    monkeypatch.setattr(normalising, "PIECE", 2)
    spelling = rules().spelling
    alone = KeyNormaliser(spelling).column(column(*NUMBERS), "phone")
    with KeyNormaliser(spelling, processes=2) as normaliser:
        assert normaliser.column(column(*NUMBERS), "phone") == alone
