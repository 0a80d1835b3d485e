"""How long what is stored is kept: what is due, its deletion with proof, and what can no longer be done after it."""
