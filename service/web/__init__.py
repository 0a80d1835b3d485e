"""What the API and the pages for people have in common as programs of the web."""
