"""The bank: an outside party, simulated.  Both stores charge cards here (`contract.bank`)."""
