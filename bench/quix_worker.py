"""The same alerts through Quix Streams' stateful operator; run by the interpreter of its own venv.

    python quix_worker.py BOOTSTRAP TOPIC COUNT FOLDER

An alert a record, keyed by its labels. For each one the state says whether it is known; what is new
is remembered, with a changelog, and what is known changes nothing, as with us.
"""

import json
import logging
import sys
import time

from quixstreams import Application, State


def main(bootstrap: str, topic: str, count: str, folder: str) -> None:
    logging.disable(logging.WARNING)
    app = Application(
        broker_address=bootstrap,
        consumer_group="bench-quix",
        auto_offset_reset="earliest",
        state_dir=folder,
        loglevel="ERROR",
        request_timeout=30,
    )
    seen, began_s, ended_s = 0, 0.0, 0.0

    def see(alert: dict, state: State) -> None:
        nonlocal seen, began_s, ended_s
        began_s = began_s or time.perf_counter()
        if state.get("alert") is None:
            state.set("alert", alert)
        seen += 1
        ended_s = time.perf_counter()

    alerts = app.dataframe(app.topic(topic, value_deserializer="json"))
    alerts.update(see, stateful=True)
    app.run(count=int(count), timeout=60)
    print(json.dumps({"alerts": seen, "per_s": round(seen / (ended_s - began_s))}))


if __name__ == "__main__":
    main(*sys.argv[1:])
