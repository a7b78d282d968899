"""What happens: commands change state, one batch is one transaction. Synchronous, given `now`; sees no user code."""
