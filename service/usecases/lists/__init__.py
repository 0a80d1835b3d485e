"""Hot-spot lists: made, approved, read, put together and evaluated."""
