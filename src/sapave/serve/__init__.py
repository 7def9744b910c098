"""The policy server and its wire."""
