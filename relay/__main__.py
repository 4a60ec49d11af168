"""`python -m relay NAME:PORT:TARGET …`: relay each port to its target until stdin ends."""

from __future__ import annotations

import argparse
import gc
import resource
import signal
import sys

from relay import control
from relay.link import Link
from relay.loop import Loop


def main() -> int:
    """Open the links, say `ready`, obey stdin."""
    parser = argparse.ArgumentParser(
        prog="python -m relay", epilog=control.__doc__, description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("links", nargs="+", metavar="NAME:PORT:TARGET", type=_link,
                        help="a name, the port to listen on, the port to relay to")
    parser.add_argument("--host", default="127.0.0.1", help="address of all ports")
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started it
    _allow_many_sockets()
    loop = Loop()
    links = {}
    for name, port, target in given.links:
        try:
            links[name] = Link(loop, name, given.host, port, target)
        except OSError as taken:
            print(f"error: {name}: {given.host}:{port}: {taken}", flush=True)
            return 1
    gc.freeze()
    control.Control(loop, links, lambda answer: print(answer, flush=True)).listen(
        sys.stdin.fileno())
    print("ready", flush=True)
    loop.run()
    return 0


def _link(word: str) -> tuple[str, int, int]:
    try:
        name, port, target = word.split(":")
        return name, int(port), int(target)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word!r} is not NAME:PORT:TARGET") from None


def _allow_many_sockets() -> None:
    """Two for each connection: as many as the system lets this process have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main())
