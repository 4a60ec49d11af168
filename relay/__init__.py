"""A TCP relay: what is sent through it arrives a chosen time later, in order, at full speed."""
