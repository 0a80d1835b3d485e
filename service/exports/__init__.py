"""Hot-spot lists as others read them: each format is rendered from a list's canonical JSON, and from nothing else."""
