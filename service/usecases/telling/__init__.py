"""Telling others: mails and webhooks, through one outbox."""
