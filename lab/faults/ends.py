"""Which processes a fault is meant to end.  Any other end under it is as unmeant as without one."""

from __future__ import annotations

from lab.deploy.supervisor import Key
from lab.faults.parts import chosen, servers_of
from lab.faults.site import Site
from lab.scenario import FaultKeys


def ended_by(site: Site, keys: FaultKeys) -> frozenset[Key]:
    """Return them; empty for kinds that end none.  The bank is no part of a stack.

    A defect may end every replica of the program that runs its module: in the monolith and the
    colocated process that is the store's one program.  A leak eats the memory that all parts
    share, and the kernel chooses whom it ends.
    """
    if keys.kind in ("crash", "poison"):
        return frozenset(site.replicas_of(keys.module))
    if keys.kind == "leak":
        return frozenset(site.stack.processes)
    if keys.kind == "replica_kill" and site.replicas_of(keys.module):
        return frozenset([chosen(site, keys.module)])
    if keys.kind == "database_down" or (keys.kind == "down" and keys.module == "database"):
        return frozenset(servers_of(site, keys.module))
    return frozenset()
