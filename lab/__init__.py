"""The lab: plans, deploys, verifies, drives, breaks, records and audits.  On top of all."""
