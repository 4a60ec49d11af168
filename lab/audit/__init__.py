"""The auditor: after every trial, in both stores, is every order, piece and cent accounted for?"""
