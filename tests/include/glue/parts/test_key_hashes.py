"""Equal texts have one hash wherever they stand, and different ones hardly ever."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from include.glue.parts.key_hashes import hash_texts

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1)


@given(texts=texts, others=texts)
def test_a_text_has_the_same_hash_among_others(texts, others):
    together = hash_texts(pa.chunked_array([texts, others]))
    apart = [
        int(hash_texts(pa.chunked_array([[text]]))[0])
        for text in texts + others
    ]
    assert together.tolist() == apart
    assert len(set(apart)) == len(set(texts + others))


def test_the_hashes_of_very_like_keys_differ():
    keys = [f"lead-{number:09}" for number in range(200_000)]
    keys += ["a" * length for length in range(1, 300)]
    keys += ["a" * length + "\0" for length in range(1, 300)]
    encoded = pa.chunked_array([pa.array(keys).dictionary_encode()])
    assert len(set(hash_texts(encoded).tolist())) == len(set(keys))


def test_numbers_and_no_keys_at_all_have_hashes_too():
    assert len(hash_texts(pa.chunked_array([[1, 12]]))) == 2
    assert len(hash_texts(pa.chunked_array([], pa.string()))) == 0
