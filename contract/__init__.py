"""What crosses a border: the only package that every other one may import.

Wire models, endpoints, errors, money, tokens, seed data, fault points and the columns of
the recorded results.  If a difference between the two stores would be an accident rather
than a lesson about architecture, the code that prevents it lives here.
"""
