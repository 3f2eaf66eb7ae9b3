"""The judging core: facts in, a decision out that cites the clauses of a policy document."""
