"""Read a request's body into leads as the caller wrote them, within limits, and refuse what cannot be told for sure.

It may import include.scoring and the API's errors, but neither Flask nor the rest of `include.api`.
"""
