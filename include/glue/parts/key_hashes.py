"""Hashes many texts at once: a filter that finds the few keys which may stand twice.

Two equal texts have the same hash. Two different ones have it by chance, about once in 2**64 pairs; such rows are
compared and found to differ. So nothing depends on it but how many rows have to be compared.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

HASH_BYTES = 8
WORD_BYTES = 8
MIX = np.uint64(0x9E3779B97F4A7C15)
SHIFT = np.uint64(32)

Hashes = npt.NDArray[np.uint64]


def hash_texts(column: pa.ChunkedArray) -> Hashes:
    """Return the hash of each text, or of each number as it is written; none is missing.

    A text is a row of words of eight bytes, filled up with zeros. Its hash is their sum, each times a factor of its
    place, and its length.
    """
    texts = column.cast(pa.string()).combine_chunks()
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.chunk(0)
    _, offset_bytes, text_bytes = texts.buffers()
    offsets = np.frombuffer(offset_bytes or b"\0\0\0\0", np.int32)
    offsets = offsets[texts.offset : texts.offset + len(texts) + 1]
    lengths = np.diff(offsets)
    if not len(lengths):
        return np.empty(0, np.uint64)
    words = int(lengths.max()) // WORD_BYTES + 1
    padded = np.zeros(len(lengths) * words * WORD_BYTES, np.uint8)
    rows = np.arange(len(lengths)) * (words * WORD_BYTES)
    shift = np.repeat(rows - offsets[:-1], lengths)
    places = np.arange(offsets[0], offsets[-1])
    if text_bytes is not None:
        content = np.frombuffer(text_bytes, np.uint8)
        padded[places + shift] = content[offsets[0] : offsets[-1]]
    table = padded.view(np.uint64).reshape(len(lengths), words)
    hashes = lengths.astype(np.uint64) * MIX
    for factor, word in zip(_factors(words), table.T, strict=True):
        hashes += (word ^ (word >> SHIFT)) * factor
    hashes ^= hashes >> SHIFT
    hashes *= MIX
    mixed: Hashes = hashes ^ (hashes >> SHIFT)
    return mixed


def _factors(count: int) -> Hashes:
    """Return so many odd factors, the same ones in every process."""
    random = np.random.Generator(np.random.PCG64(7))
    factors = random.integers(0, 2**63, count, np.uint64)
    odd: Hashes = factors * np.uint64(2) + np.uint64(1)
    return odd
