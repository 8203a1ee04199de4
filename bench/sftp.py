"""Speed of the SFTP collector compared with OpenSSH's sftp, asyncssh, paramiko and rclone: `make bench NAME=sftp`.

The server is Debian's OpenSSH on a high port and allows one cipher. The collector's own handler runs in a new process,
with a new ledger on the emulator and two workers; bench/discarding_s3.py replaces S3. OpenSSH's sftp writes to
/dev/null. paramiko's get and rclone cannot, so they write to /dev/shm, which is memory. Rounds alternate, so a busy
period of the machine affects all contenders.

The collector's seconds are its handler's, including connecting and creating its clients, without the start of Python.
asyncssh only reads (bench/asyncssh_process.py), and its seconds also exclude the start of Python. The other contenders'
seconds are those of their process.
"""

import argparse
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

from bench.openssh_server import CIPHER, MissingServerError, OpenSshServer, openssh_server
from bench.process_memory import PeakMemory
from bench.sftp_files import MEGABYTE, PART_BYTES, Workload, checksums, make_old
from lake.parameters import Collection, Connection
from tests.support.emulators import running_emulator
from tests.support.sftp import ClientKey, Stack

ROUND_TRIP_MILLISECONDS = 20
WORKERS = 2
# A slower contender is measured once, because the ratio is then beyond doubt.
LONG_SECONDS = 30
REPOSITORY = Path(__file__).parents[1]
MEMORY_LIMIT_MEGABYTES = 300
SCENARIOS = ("many", "one", "many-delayed", "one-delayed", "memory")
COLLECTOR, OPENSSH, ASYNCSSH = "collector", "OpenSSH sftp", "asyncssh"
PARAMIKO, RCLONE = "paramiko get", "rclone"


class Bench:
    """One server, one emulator, and the contenders that use them."""

    def __init__(self, folder: Path, server: OpenSshServer, endpoint: str) -> None:
        self._folder, self._server, self._endpoint = folder, server, endpoint
        self._key = ClientKey(server.client_key.read_text(), "")
        known = folder / f"known_hosts_{server.port}"
        known.write_text(f"[127.0.0.1]:{server.port} {server.host_key}\n")
        self._known_hosts = known

    def at(self, port: int) -> "Bench":
        """Return the same benchmark with another port, such as a proxy's."""
        return Bench(self._folder, replace(self._server, port=port), self._endpoint)

    def collector(self, work: Workload) -> float:
        """Run the collector's handler, and compare its report with the files. Return its seconds."""
        process = self.start_collector(work.folder)
        printed = process.communicate()[0].decode().splitlines()
        if process.returncode:
            raise SystemExit("the collector failed:\n" + "\n".join(printed))
        outcome = json.loads(printed[-1])
        collected = {file["source"]: file["checksum"] for file in outcome["collected"]}
        if collected != checksums(work):
            raise SystemExit("the collector's checksums are not those of the files")
        return outcome["seconds"]

    def start_collector(self, folder: Path) -> subprocess.Popen[bytes]:
        """Start the collector in a new process, with a new ledger."""
        stack = Stack(self._endpoint)
        connection = Connection(
            host="127.0.0.1",
            port=self._server.port,
            user=self._server.user,
            host_keys=(self._server.host_key,),
            private_key_parameter=f"{stack.prefix}/connections/bench/private-key",
        )
        stack.deploy(
            connection,
            self._key,
            Collection(dataset="vehicles", connection="bench", directory=str(folder), pattern="*.csv"),
        )
        environment = {
            **os.environ,
            **stack.environment,
            "POWERTOOLS_METRICS_NAMESPACE": "bench",
            "COLLECTOR_WORKERS": str(WORKERS),
            "POWERTOOLS_LOG_LEVEL": "WARNING",
        }
        command = [sys.executable, REPOSITORY / "bench" / "collector_process.py", "vehicles"]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)

    def openssh(self, work: Workload) -> float:
        """Run OpenSSH's sftp in batch mode. Return its seconds."""
        batch = self._folder / f"batch_{self._server.port}"
        batch.write_text("".join(f"get {file} /dev/null\n" for file in work.files))
        options = ["-oPort=" + str(self._server.port), "-oCiphers=" + CIPHER, "-oIdentitiesOnly=yes"]
        options += [f"-oUserKnownHostsFile={self._known_hosts}", "-oBatchMode=yes"]
        key = ["-i", str(self._server.client_key)]
        return _timed(["sftp", "-q", *options, *key, "-b", str(batch), f"{self._server.user}@127.0.0.1"])

    def asyncssh(self, work: Workload) -> float:
        """Read the files with asyncssh in as many processes as the collector uses. Return the seconds."""
        options = {
            "port": str(self._server.port),
            "user": self._server.user,
            "key": str(self._server.client_key),
            "known-hosts": str(self._known_hosts),
            "cipher": CIPHER,
            "workers": str(WORKERS),
        }
        command = [sys.executable, str(REPOSITORY / "bench" / "asyncssh_process.py")]
        command += [f"--{name}={value}" for name, value in options.items()]
        printed = subprocess.run([*command, *map(str, work.files)], check=True, stdout=subprocess.PIPE).stdout
        outcome = json.loads(printed)
        if len(outcome["parts"]) != sum(-(-file.stat().st_size // PART_BYTES) for file in work.files):
            raise SystemExit("asyncssh did not read every part")
        return outcome["seconds"]

    def paramiko(self, work: Workload) -> float:
        """Use paramiko as a first script would: one connection, defaults, one `get` at a time. Return the seconds."""
        import paramiko  # noqa: PLC0415  # outside the time of the others

        started = time.perf_counter()
        client = paramiko.SSHClient()
        client.load_host_keys(str(self._known_hosts))
        key = paramiko.RSAKey.from_private_key_file(str(self._server.client_key))
        client.connect("127.0.0.1", self._server.port, self._server.user, pkey=key, look_for_keys=False)
        with client, client.open_sftp() as files, tempfile.TemporaryDirectory(dir="/dev/shm") as target:
            for file in work.files:
                files.get(str(file), f"{target}/{file.name}")
        return time.perf_counter() - started

    def rclone(self, work: Workload) -> float:
        """Run rclone with its defaults, which copy four files at a time. Return its seconds."""
        with tempfile.TemporaryDirectory(dir="/dev/shm") as target:
            remote = f":sftp,host=127.0.0.1,port={self._server.port},user={self._server.user}"
            remote += f',key_file="{self._server.client_key}",known_hosts_file="{self._known_hosts}":{work.folder}'
            options = ["--config", os.devnull, "--sftp-disable-hashcheck", "--no-check-dest"]
            return _timed(["rclone", "copy", *options, remote, target])


def _timed(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def compare(bench: Bench, work: Workload, rounds: int) -> bool:
    """Run all contenders in turn, and print medians and ratios. Return True if the targets are met."""
    contenders: dict[str, Callable[[Workload], float]] = {
        COLLECTOR: bench.collector,
        OPENSSH: bench.openssh,
        ASYNCSSH: bench.asyncssh,
        PARAMIKO: bench.paramiko,
    }
    if shutil.which("rclone"):
        contenders[RCLONE] = bench.rclone
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            if not taken[name] or taken[name][0] < LONG_SECONDS:
                taken[name].append(run(work))
    speed = {name: work.megabytes / statistics.median(seconds) for name, seconds in taken.items()}
    for name, seconds in taken.items():
        once = "" if len(seconds) == rounds else "   once, as it takes so long"
        print(f"    {name:14} {speed[name]:7.0f} MB/s   {min(seconds):6.2f} - {max(seconds):6.2f} s{once}")
    holds = True
    for name, target in ((OPENSSH, work.target), (PARAMIKO, work.paramiko_target)):
        ratio = speed[COLLECTOR] / speed[name]
        holds &= ratio >= target
        print(f"    {ratio:5.2f} x {name}, target {target} x: {'holds' if ratio >= target else 'MISSED'}")
    print(
        f"    {speed[ASYNCSSH] / speed[OPENSSH]:5.2f} x {OPENSSH} is what {ASYNCSSH} reads with, and does nothing else"
    )
    return holds


def memory(bench: Bench, folder: Path, size: int) -> bool:
    """Print the peak memory of the collector's processes for one file. Return True if the target is met."""
    folder.mkdir(parents=True)
    with (folder / "0000.csv").open("wb") as file:
        file.truncate(size)
    make_old(folder / "0000.csv")
    process = bench.start_collector(folder)
    peak = PeakMemory(process.pid)
    while process.poll() is None:
        peak.look()
        time.sleep(0.02)  # between two samples: a peak lasts less than a second
    if process.returncode:
        raise SystemExit("the collector failed")
    holds = peak.proportional < MEMORY_LIMIT_MEGABYTES
    print(
        f"    {size / 10**9:.1f} GB: {peak.proportional:.0f} MB in all {peak.processes} processes, shared pages "
        f"counted once ({peak.resident:.0f} MB if counted for each); "
        f"target {MEMORY_LIMIT_MEGABYTES} MB: {'holds' if holds else 'MISSED'}"
    )
    return holds


def main() -> None:
    """Measure and print; exit with 1 if a target is missed, with 3 if a program is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the bytes, seven rounds")
    parser.add_argument("--only", action="append", choices=SCENARIOS, help="this scenario; again for more; else all")
    arguments = parser.parse_args()
    cast("io.TextIOWrapper", sys.stdout).reconfigure(line_buffering=True)
    scale, rounds = (10, 7) if arguments.quick else (1, 5)
    if not shutil.which("rclone"):
        print("rclone is missing and left out: install Debian's package rclone")
    base = REPOSITORY / ".bench" / "sftp"
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir(parents=True)
    try:
        with openssh_server(base / "server") as server, running_emulator(base) as emulator, proxy(server.port) as port:
            bench = Bench(base, server, emulator.endpoint)
            held = measure(bench, bench.at(port), arguments.only or SCENARIOS, base, scale, rounds)
        sys.exit(0 if held else 1)
    except MissingServerError as error:
        print(error)
        sys.exit(3)
    finally:
        shutil.rmtree(base, ignore_errors=True)


@contextmanager
def proxy(port: int) -> Iterator[int]:
    """Yield a port that forwards to another port with a delay."""
    command = [sys.executable, REPOSITORY / "bench" / "delaying_proxy.py", str(port), str(ROUND_TRIP_MILLISECONDS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield int((process.stdout or sys.stdin).readline())
    finally:
        process.terminate()
        process.wait()


def measure(bench: Bench, delayed: Bench, scenarios: Sequence[str], base: Path, scale: int, rounds: int) -> bool:
    """Measure some scenarios. Return True if every target is met."""
    print(f"cipher {CIPHER}, {WORKERS} workers, S3 held in memory, {os.cpu_count()} processors, median of {rounds}")
    workloads = {
        "many": Workload("many", base / "many", 200 // scale, 5 * MEGABYTE, 1.2, 2.5),
        "one": Workload("one", base / "one", 1, 1000 * MEGABYTE // scale, 1.0, 1.0),
    }
    held: list[bool] = []
    for scenario in scenarios:
        if scenario == "memory":
            print("peak memory of the collector")
            held += [memory(bench, base / f"memory{size}", size // scale) for size in (10**9, 4 * 10**9)]
            continue
        name, _, is_delayed = scenario.partition("-")
        work = workloads[name].written()
        where = f"{ROUND_TRIP_MILLISECONDS} ms of round trip" if is_delayed else "loopback"
        print(f"{where}, {work.count} x {work.bytes / MEGABYTE:.0f} MB")
        held.append(compare(delayed if is_delayed else bench, work, rounds))
    return all(held)


if __name__ == "__main__":
    main()
