"""The API: routes declared once, validated and documented from the same types, and one way to fail."""
