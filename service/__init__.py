"""The running program around the models."""
