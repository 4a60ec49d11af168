"""What can stop a run, told to people without a traceback.

    LabError
    ├── ScenarioFileError    scenarios.yaml can't be used            (lab/scenario_file.py)
    ├── StartError           a part did not come up                  (lab/deploy/processes.py)
    │   └── PortTakenError   … because its port is somebody else's
    ├── WardenError          nobody would clean up after a kill      (lab/deploy/warden.py)
    ├── BankError            the bank does not answer                (lab/deploy/bank.py)
    ├── PartError            a store or database does not answer     (lab/incidents.py)
    ├── DiskFullError        there is no space left                  (lab/disk.py)
    ├── RelayError           the relay does not obey                 (lab/deploy/relay.py)
    ├── DistanceError        a distance is not what was asked for    (lab/deploy/distance.py)
    ├── VerificationError    a store is not what it must be          (lab/verify.py)
    ├── GateError            a store is not fit to be measured now   (lab/gate.py)
    └── GeneratorError       the load generator failed               (lab/generator.py)
        └── PageTaken        the port of Locust's page is taken
"""

from __future__ import annotations


class LabError(Exception):
    """A run can't go on; the message says why and where to look."""
