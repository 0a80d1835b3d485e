"""Model versions: compared, gated, promoted, pruned; what is asked of the scheduler about them."""
