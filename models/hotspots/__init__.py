"""Hot-spots: blocks of the week with a significant excess, found by scanning, ranked and told apart from chance."""
