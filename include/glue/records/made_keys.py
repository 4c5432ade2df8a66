r"""Make the key of a row where no single column of the file is one.

A joined key is the texts of its columns with a bar between them. A bar inside
a text gets a backslash before it, so that no two different keys look alike:
`a|b` and `c` give `a\|b|c`.

The key of a row is a digest of its cells, without the outcome's: a late label
must find the row that it belongs to. Rows of one file with the same cells are
told apart by a number, which `numbered_keys` adds.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

BAR = "|"
DIGEST_CHARACTERS = 32
NUMBER_MARK = "-"


def escaped(text: str) -> str:
    """Return a text in which no bar stands without a backslash before it."""
    return text.replace("\\", "\\\\").replace(BAR, "\\" + BAR)


def join_texts(texts: Sequence[str]) -> str:
    """Return one text for several cleaned ones; different ones never share it."""
    return BAR.join([escaped(text) for text in texts])


def row_digest(joined_text: str) -> str:
    """Return the digest of a row, whose cleaned texts are joined."""
    digest = hashlib.sha256(joined_text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:DIGEST_CHARACTERS]


def join_columns(texts: Sequence[pa.Array]) -> pa.Array:
    """Return `join_texts` of each row, of columns whose texts are escaped."""
    return pc.binary_join_element_wise(*texts, BAR)


def digest_rows(joined_texts: pa.Array) -> pa.Array:
    """Return `row_digest` of each joined text."""
    digests = [row_digest(text) for text in joined_texts.to_pylist()]
    return pa.array(digests, pa.string())


def numbered_keys(
    digests: pa.Array, numbers: npt.NDArray[np.int64]
) -> pa.Array:
    """Return the keys of rows: the digest, and how many rows of the file before it have the same."""
    suffixes = pa.array(numbers).cast(pa.string())
    return pc.binary_join_element_wise(digests, suffixes, NUMBER_MARK)
