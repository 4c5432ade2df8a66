import sys
from types import SimpleNamespace

import pytest

from include.api.errors import TunnelError
from include.api.tunnel import open_tunnel


def test_without_a_token_it_says_where_to_get_one(monkeypatch):
    monkeypatch.delenv("NGROK_AUTHTOKEN", raising=False)
    with pytest.raises(TunnelError, match=r"NGROK_AUTHTOKEN: take the token"):
        open_tunnel(8090)


def test_without_the_sdk_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setenv("NGROK_AUTHTOKEN", "t")
    monkeypatch.setitem(sys.modules, "ngrok", None)
    with pytest.raises(TunnelError, match="pip install ngrok"):
        open_tunnel(8090)


@pytest.fixture
def sdk(monkeypatch):
    """Stands in for ngrok's service, which is not to be had in a test; the calls are its SDK's documented ones."""
    asked = []

    def forward(port, authtoken_from_env):
        asked.append((port, authtoken_from_env))
        if port == 1:
            raise ValueError("authentication failed")
        return SimpleNamespace(url=lambda: "https://x.ngrok.app")

    monkeypatch.setenv("NGROK_AUTHTOKEN", "t")
    monkeypatch.setitem(sys.modules, "ngrok", SimpleNamespace(forward=forward))
    return asked


def test_with_both_it_tells_the_address(sdk):
    assert open_tunnel(8090) == "https://x.ngrok.app"
    assert sdk == [(8090, True)]


def test_what_ngrok_refuses_is_told(sdk):
    with pytest.raises(TunnelError, match="authentication failed"):
        open_tunnel(1)
