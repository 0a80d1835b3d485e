"""From bytes to rows, one adapter a source. Nothing here knows of stores."""
