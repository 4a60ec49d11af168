"""Faults as the lab arms them: inside a module, on a part, or on the way between parts."""
