"""What others read: lists, each format from their canonical JSON alone; backtests and retrainings as pages."""
