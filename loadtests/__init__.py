"""The load: journeys on a schedule that exists before the run, and a row for every request.

    schedule.py     LoadSpec → arrivals, pure
    popularity.py   which product, pure
    journeys.py     what a visitor asks and what is a right answer, pure
    scarcity.py     the same, where a refusal can be as right: few pieces, two at once
    message.py      requests as bytes, answers classified, pure
    clock.py        wait for an instant
    connections.py  one request over a kept connection, under one deadline
    customers.py    who is free
    recorder.py     a tuple a request; Parquet after the run
    dispatcher.py   release each journey at its instant
    visitor.py      live one journey
    early_stop.py   leave a ramp past capacity
    trial.py        one trial from second 0 to the end of its drain
    summary.py      what the generator says about itself
    parts.py        merge the rows of several processes
    gate.py         the words spoken with the lab
    page.py         feed Locust's own page
    conductor.py    the protocol with the lab, alone or as master and workers
    locustfile.py   Locust's users, shape and events
    command.py      how the lab starts all this

Only `locustfile.py` and what it alone imports need Locust: it patches the interpreter.
"""
