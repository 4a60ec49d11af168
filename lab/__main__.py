"""`python -m lab` is `twinstore`."""

from lab.cli import main

if __name__ == "__main__":
    main()
