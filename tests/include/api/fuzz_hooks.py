"""What schemathesis sends as CSV and JSON lines, whose schema is only text."""

import schemathesis
from hypothesis import strategies as st

CSV = st.sampled_from(
    [
        b"visits,channel\n3,web\n",
        b'Visits,Opinion\r\n1,"hot, very"\r\n',
        b"account,=evil()\na,@SUM(1)\n",
        b"unheard of, visits\nx, 3\n,\n",
    ]
)

schemathesis.openapi.media_type("text/csv", CSV)
schemathesis.openapi.media_type(
    "application/jsonlines",
    st.sampled_from(
        [
            b'{"visits": 1, "unheard of": "x"}\n',
            b'{"visits": 3}\n{"fit": "low"}\n',
        ]
    ),
)
