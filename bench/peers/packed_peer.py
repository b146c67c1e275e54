"""The prototype packed_lstm.cc, compiled for this machine; its batch is sliced over two threads."""
import ctypes
import os
import subprocess
import sys
import sysconfig

import numpy as np
from gates import flat

HERE = os.path.dirname(os.path.abspath(__file__))
THREADS = 2
library = None


def ready():
    """Compiles it, once a version of the source, beside the Python environment."""
    global library
    source = os.path.join(HERE, "packed_lstm.cc")
    target = os.path.join(sys.prefix, "packed_lstm.so")
    if not os.path.exists(target) or os.path.getmtime(target) < os.path.getmtime(source):
        include = os.path.join(sysconfig.get_path("purelib"), "cmeel.prefix", "include", "eigen3")
        wide = "avx512f" in open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else False
        shape = ["-DVL=16", "-DNVV=2", "-DMRR=8"] if wide else ["-DVL=8", "-DNVV=2", "-DMRR=6"]
        flags = ["-O3", "-march=native", "-ffast-math", "-std=c++17", "-DEIGEN_DONT_PARALLELIZE", "-shared", "-fPIC"]
        command = [os.environ.get("CXX", "g++"), *flags, *shape, f"-I{include}", source, "-o", target, "-lpthread"]
        subprocess.run(command, check=True, capture_output=True, text=True)
    library = ctypes.CDLL(target)
    return "packed_lstm (prototype)"


def pointer(array):
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_float))


def prepare(one, data):
    T, B, I, H = one["T"], one["B"], one["I"], one["H"]
    library.prepare(T, B, I, H, THREADS, *[pointer(data[name]) for name in ("W", "R", "b")])
    rows = B // THREADS
    # each thread has its slice time-major: [P,T,B/P,.]
    cut = lambda x: np.ascontiguousarray(x.reshape(THREADS, rows, T, -1).transpose(0, 2, 1, 3))
    paste = lambda x, n: x.reshape(THREADS, T, rows, n).transpose(0, 2, 1, 3)
    x = cut(data["x"])
    dy = cut(data["dy"]) if one["measure"] == "gradients" else np.zeros((B, T, H), "float32")
    library.fill(pointer(x), pointer(dy))

    def read(which, *shape):
        out = np.empty((THREADS, *shape), "float32")
        library.read(which, pointer(out))
        return out

    if one["measure"] == "forward":
        library.forward_all()
        return flat(paste(read(0, T, rows, H), H)), library.forward_all

    def run():
        library.forward_all()
        library.backward_all()

    run()
    sums = [read(2, I, 4 * H).sum(0), read(3, H, 4 * H).sum(0), read(4, 4 * H).sum(0)]
    return flat(paste(read(1, T, rows, I), I), *sums), run
