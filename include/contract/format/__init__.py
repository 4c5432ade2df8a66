"""What a person writes in a contract of format 2, its checks, and what it compiles to: `include.contract.model`."""
