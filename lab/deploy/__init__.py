"""The local deployment: real processes on loopback addresses, no container engine needed."""
