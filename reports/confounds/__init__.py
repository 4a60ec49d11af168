"""What else could have made a difference: each detector looks at one thing and says what it saw."""
