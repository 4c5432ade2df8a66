"""Computes SHAP values and margins of trees exactly, in a fraction of the time that their own libraries take.

`tree_shap` explains the mathematics of the values and lays a model out in tables; `tree_shap_kernel` is the compiled
loop over them. `tree_sums` adds up LightGBM's margins, leaf by leaf. `pieces` spreads many leads over threads.

Why not the libraries: `python -m bench.trees` measures all of them in one run, the figures stand in docs/models.md.
May import nothing else of the project.
"""
