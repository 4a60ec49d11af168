"""`python -m contract` prints the OpenAPI document."""

from __future__ import annotations

import sys

from contract.openapi import document_json

if __name__ == "__main__":
    sys.stdout.buffer.write(document_json())
