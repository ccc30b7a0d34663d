"""One Kafka broker in KRaft mode, controller and broker in one JVM; or the cluster KAFKA_BOOTSTRAP_SERVERS names."""

import asyncio
import base64
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.local.child import Process
from deploy.local.errors import MissingError, StartError
from deploy.local.paths import KAFKA_LIBS
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.probes import Probe, tcp, until

VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"
_EXTERNAL_SECONDS = 15.0
_ATTEMPT_MS = 3_000

# One broker: internal topics have one replica. Few partitions of them: each costs files and start time.
# The cleaner's default buffer alone is 128 MiB of heap.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
log.cleaner.dedupe.buffer.size=8388608
"""

_LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
"""


class Kafka:
    """`bootstrap_servers` is host:port[,host:port…]; `external` tells that the cluster is not ours to start."""

    def __init__(self, run_dir: Path, environment: Mapping[str, str] = os.environ) -> None:
        given = environment.get(VARIABLE, "")
        self.external = bool(given)
        self._home = run_dir.absolute() / "kafka"
        self._port, self._controller = (0, 0) if self.external else free_ports(2)
        self.bootstrap_servers = given or f"{LOOPBACK}:{self._port}"

    async def prepare(self) -> Process | None:
        """Write the configuration and format the log directory; the process to start, None for an external cluster.

        Raises StartError when the external cluster does not answer or formatting fails, MissingError without Java or
        Kafka's libraries.
        """
        if self.external:
            await self._expect_external()
            return None
        if not KAFKA_LIBS.is_dir() or shutil.which("java") is None:
            raise MissingError("Kafka or Java is missing: python -m deploy.local.install")
        self._configure()
        if not (self._home / "data" / "meta.properties").exists():
            await self._format()
        return Process(
            "kafka",
            [*self._java("-Xmx512m", "-XX:TieredStopAtLevel=1"), "kafka.Kafka", str(self._config)],
            ready=_both(tcp(self._port), answers_metadata(self.bootstrap_servers)),
            restart=True,
            ports=(self._port, self._controller),
            seconds=60.0,  # after a kill -9 the old session (9 s) must run out first
        )

    @property
    def _config(self) -> Path:
        return self._home / "server.properties"

    @property
    def _scratch(self) -> Path:
        return self._home / "scratch"

    def _configure(self) -> None:
        self._scratch.mkdir(parents=True, exist_ok=True)
        ports = {"port": self._port, "controller": self._controller}
        properties = _PROPERTIES.format(host=LOOPBACK, data=self._home / "data", **ports)
        self._config.write_text(properties, encoding="utf-8")
        (self._home / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")

    def _java(self, *options: str) -> list[str]:
        """UsePerfData, the error file and the temporary directory would otherwise write outside the run directory."""
        return [
            "java",
            *options,
            "-XX:-UsePerfData",
            f"-XX:ErrorFile={self._home}/hs_err_%p.log",
            f"-Djava.io.tmpdir={self._scratch}",
            f"-Dlog4j2.configurationFile={self._home}/log4j2.properties",
            "-cp",
            f"{KAFKA_LIBS}/*",
        ]

    async def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # A cluster id that starts with "-" would be read as an option.
        options = ["format", f"--cluster-id={cluster}", "--config", str(self._config)]
        process = await asyncio.create_subprocess_exec(
            *self._java("-XX:TieredStopAtLevel=1"),
            "kafka.tools.StorageTool",
            *options,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:  # cancelled: it must not go on behind our back
                process.kill()
        if process.returncode:
            raise StartError(f"Kafka's log directory could not be formatted:\n{output.decode(errors='replace')}")

    async def _expect_external(self) -> None:
        try:
            await until(answers_metadata(self.bootstrap_servers), _EXTERNAL_SECONDS)
        except TimeoutError:
            raise StartError(f"{VARIABLE}={self.bootstrap_servers} does not answer") from None


def answers_metadata(bootstrap_servers: str) -> Probe:
    """Ready when the cluster answers a metadata request with at least one broker."""

    async def answers() -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=_ATTEMPT_MS)
        try:
            await admin.start()
            return bool((await admin.describe_cluster())["brokers"])
        except KafkaError:
            return False
        finally:
            await admin.close()

    return answers


def _both(first: Probe, second: Probe) -> Probe:
    async def both() -> bool:
        return await first() and await second()

    return both
