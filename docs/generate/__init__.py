"""Write the pages of docs/ that are made from code; `make docs` writes all of them."""
