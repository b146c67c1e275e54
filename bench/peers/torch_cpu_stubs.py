"""PyPI's torch for Linux is built for CUDA and links CUDA's libraries, which the CPU never calls.

Writes a small library for each that is missing, beside torch's own. Every function in it ends the process.
"""
import os
import re
import subprocess
import sysconfig
import tempfile

LIBRARIES = {
    "libcusparse.so.12": r"cusparse(?!Lt)",
    "libcufft.so.12": r"cufft",
    "libcufile.so.0": r"cuFile",
    "libcusparseLt.so.0": r"cusparseLt",
    "libnccl.so.2": r"p?nccl",
    "libcublas.so.13": r"cublas(?!Lt)",
    "libcublasLt.so.13": r"cublasLt",
    "libcudnn.so.9": r"cudnn",
    "libnvrtc.so.13": r"nvrtc",
    "libnvshmem_host.so.3": r"nvshmem",
}
# these ask for functions of the others
ASKING = ("cuda", "python", "nvshmem", "cpu")


def undefined(folder):
    """Names that torch's libraries take from elsewhere, each with the version that it asks for, or None."""
    found = {}
    files = [f"libtorch_{name}.so" for name in ASKING] + ["libcaffe2_nvrtc.so"]
    for file in files:
        table = subprocess.run(["objdump", "-T", os.path.join(folder, file)], capture_output=True, text=True).stdout
        for line in table.splitlines():
            if "*UND*" not in line:
                continue
            version = re.search(r"\(([^)]+)\)\s+\S+$", line)
            found[line.split()[-1]] = version.group(1) if version else None
    return found


def write_stub(target, soname, symbols, scratch):
    source, versions = os.path.join(scratch, "stub.c"), os.path.join(scratch, "stub.map")
    with open(source, "w") as file:
        file.write("#include <stdlib.h>\n")
        file.writelines(f"void {name}(void) {{ abort(); }}\n" for name in symbols)
    command = [os.environ.get("CC", "gcc"), "-shared", "-fPIC", "-w", source, "-o", target, f"-Wl,-soname,{soname}"]
    by_version = {}
    for name, version in symbols.items():
        by_version.setdefault(version, []).append(name)
    by_version.pop(None, None)
    if by_version:
        with open(versions, "w") as file:
            file.writelines(f"{v} {{ global: {'; '.join(names)}; }};\n" for v, names in by_version.items())
        command.append(f"-Wl,--version-script={versions}")
    subprocess.run(command, check=True)


def main():
    folder = os.path.join(sysconfig.get_path("purelib"), "torch", "lib")
    needed = undefined(folder)
    with tempfile.TemporaryDirectory() as scratch:
        for soname, pattern in LIBRARIES.items():
            symbols = {name: version for name, version in needed.items() if re.match(pattern, name)}
            write_stub(os.path.join(folder, soname), soname, symbols, scratch)
            print(f"{soname}: {len(symbols)} functions")


main()
