"""The commands of `twinstore`, a room for each kind."""
