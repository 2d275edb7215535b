"""A system without a server: traffic is read from standard input and run in the system's own process."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from typing import IO

from bench.render.serve.batches import Batches
from bench.render.serve.setting import Setting, read_setting
from bench.render.traffic import Render, Traffic


def main() -> None:
    """Serve one of the systems until standard input ends: a line of traffic in, a line of answers out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", choices=["loop", "static", "engine", "engine-one"])
    system = parser.parse_args().system
    setting = read_setting()
    # The pipe is for the answers alone: what libraries print goes to the log.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if system.startswith("engine"):
        _serve_engine(setting, answers, forwards=1 if system == "engine-one" else None)
    else:
        _serve_batches(setting, answers, max_rows=1 if system == "loop" else setting.max_batch)


def _serve_batches(setting: Setting, answers: IO[str], *, max_rows: int) -> None:
    from bench.render.picture_pipeline import PicturePipeline

    pipeline = PicturePipeline(setting.model, device=setting.device, threads=setting.threads)
    batches = Batches(pipeline.render, max_rows=max_rows)

    def answer_until_closed() -> None:
        _answer(batches.render, answers)
        batches.close()

    # The pipeline runs in the main thread, as in a script: libgomp is slower in any other.
    threading.Thread(target=answer_until_closed).start()
    batches.run()


def _serve_engine(setting: Setting, answers: IO[str], *, forwards: int | None) -> None:
    from bench.render.serve.engine import Engine

    with Engine(setting, forwards=forwards) as engine:
        _answer(engine.render, answers)


def _answer(render: Render, answers: IO[str]) -> None:
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        served = Traffic.from_json(json.loads(line)).run(render)
        print(json.dumps([one.to_json() for one in served]), file=answers, flush=True)


if __name__ == "__main__":
    main()
