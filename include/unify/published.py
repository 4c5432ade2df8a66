"""Publish the features of a run's leads, and what it knows of all leads together: the counts of rates.

The ingestion job packs the counts beside its leads; once the load has passed the gate both are the current ones. One
lead can then be put together where no other lead is at hand.
"""

import gzip
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from include.asof.errors import FeatureInputError
from include.asof.rate_history import RateHistory
from include.lake.errors import ObjectMissingError
from include.lake.layout import Layout
from include.lake.objects import copy_object, read_bytes, write_bytes
from include.unify.errors import UnifyError

PART = "part-00000.parquet"
"""The one file of leads that `include.glue.sources` writes."""
MERGED_PART = "part-00001.parquet"
"""The file beside it, of keys that have become other leads, if there are any: COPY reads both."""
PACKED = "published.json.gz"
"""Name of the file in an endpoint's model folder."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Published:
    """What the last run published.

    Attributes:
        load_id: of the run.
        as_of: the run's moment, in microseconds since 1970 in UTC.
        rates: name of each historical rate to its counts.
    """

    load_id: str
    as_of: int
    rates: Mapping[str, RateHistory]


def pack(published: Published) -> bytes:
    """Return it as JSON, packed with gzip; the same content has the same bytes."""
    content = {
        "load_id": published.load_id,
        "as_of": published.as_of,
        "rates": {
            name: history.as_columns()
            for name, history in published.rates.items()
        },
    }
    return gzip.compress(json.dumps(content).encode(), mtime=0)


def unpack(packed: bytes) -> Published:
    """Read what `pack` returned. Raises UnifyError for anything else."""
    try:
        content = json.loads(gzip.decompress(packed))
        return Published(
            load_id=str(content["load_id"]),
            as_of=int(content["as_of"]),
            rates={
                name: RateHistory.of_columns(columns)
                for name, columns in content["rates"].items()
            },
        )
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        FeatureInputError,
    ) as error:
        raise UnifyError(
            f"the published counts cannot be read ({type(error).__name__}); run ingest_leads again"
        ) from error


def read_published(layout: Layout) -> Published:
    """Return what the last run published.

    Raises:
        ObjectMissingError: no run has published anything.
        UnifyError: it cannot be read.
    """
    return unpack(read_bytes(layout.published))


def publish(layout: Layout, load_id: str) -> bool:
    """Make leads and counts of a load the current ones. Returns whether they are; a newer load's stay.

    Raises:
        ObjectMissingError: the load has left none.
        UnifyError: they cannot be read.
    """
    packed = read_bytes(layout.load_published(load_id))
    published = unpack(packed)
    try:
        current = read_published(layout)
    except ObjectMissingError:
        current = None
    if current is not None and current.as_of > published.as_of:
        log.info("Load %s is older than %s", load_id, current.load_id)
        return False
    # Who learns of the load finds its leads.
    copy_object(layout.load(load_id) + PART, layout.published_leads)
    write_bytes(layout.published, packed)
    return True
