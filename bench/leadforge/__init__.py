"""Read leads of leadforge (PyPI, MIT), a simulation of other people with planted leaks, and judge models on them."""
