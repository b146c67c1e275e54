"""One subject in a process of its own: `worker.py NAME`, a line of JSON in, a line of JSON out."""
import importlib
import json
import sys
import time
import traceback

MARK = "@bench "
subject = None
run = None


def answer(question):
    global subject, run
    do = question["do"]
    if do == "ready":
        subject = importlib.import_module(sys.argv[1] + "_peer")
        return {"version": subject.ready()}
    if do == "prepare":
        result, run = subject.prepare(question["one"], Data(question["data"], question["places"]))
        if result is not None:
            result.astype("float32").tofile(question["result"])
        return {}
    ms = []
    for _ in range(question["times"]):
        start = time.perf_counter()
        run()
        ms.append((time.perf_counter() - start) * 1000)
    return {"ms": ms}


class Data:
    """The arrays of a case, in this project's layout, from its file."""

    def __init__(self, file, places):
        import numpy

        self.all = numpy.fromfile(file, dtype="float32")
        self.places = places

    def __getitem__(self, name):
        place = self.places[name]
        size = 1
        for n in place["shape"]:
            size *= n
        return self.all[place["offset"] :][:size].reshape(place["shape"]).copy()


for line in sys.stdin:
    try:
        said = answer(json.loads(line))
    except Exception as error:  # told to the benchmark, which leaves this subject out
        traceback.print_exc()
        said = {"error": f"{type(error).__name__}: {error}"}
    print(MARK + json.dumps(said), flush=True)
