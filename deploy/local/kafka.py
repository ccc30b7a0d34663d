"""Kafka in KRaft mode, controller and broker in one JVM; or the cluster KAFKA_BOOTSTRAP_SERVERS names.

One broker, or three on loopback with replication 3 and min.insync 2: one of them may die at any time.

Locked, clients speak TLS and log in (SCRAM-SHA-512), brokers and controllers prove themselves to each other by
certificate, and whatever no right allows is refused.
"""

import asyncio
import base64
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from chassis.kafka import Bootstrap, connection
from deploy.access.rights import ADMIN
from deploy.local.child import Process
from deploy.local.errors import MissingError, StartError
from deploy.local.locks import BROKER, Locks
from deploy.local.paths import KAFKA_LIBS
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.probes import Probe, tcp, until

VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"
_EXTERNAL_SECONDS = 15.0
_ATTEMPT_MS = 3_000

# Few partitions of internal topics: each costs files and start time.
# The cleaner's default buffer alone is 128 MiB of heap.
_PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
log.dirs={home}/data
min.insync.replicas={insync}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor={replication}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={replication}
transaction.state.log.min.isr={insync}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor={replication}
share.coordinator.state.topic.min.isr={insync}
share.coordinator.state.topic.num.partitions=4
log.cleaner.dedupe.buffer.size=8388608
"""

_OPEN = """\
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
"""

_LOCKED = """\
listeners=CLIENT://{host}:{port},INTERNAL://{host}:{internal},CONTROLLER://{host}:{controller}
advertised.listeners=CLIENT://{host}:{port},INTERNAL://{host}:{internal}
inter.broker.listener.name=INTERNAL
listener.security.protocol.map=CLIENT:SASL_SSL,INTERNAL:SSL,CONTROLLER:SSL
listener.name.client.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.internal.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=([a-z]+)$/$1/,DEFAULT
ssl.enabled.protocols=TLSv1.3
ssl.keystore.type=PEM
ssl.keystore.location={server}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:{broker};User:{admin}
"""

_LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
"""


@dataclass(frozen=True)
class _Node:
    """One broker: its process name, its id in the quorum, its folder and ports."""

    name: str
    id: int
    home: Path
    port: int
    controller: int
    internal: int

    @property
    def config(self) -> Path:
        return self.home / "server.properties"

    @property
    def formatted(self) -> bool:
        return (self.home / "data" / "meta.properties").exists()

    def java(self, *options: str) -> list[str]:
        """UsePerfData, the error file and the temporary directory would otherwise write outside the run directory."""
        return [
            "java",
            *options,
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            f"-XX:ErrorFile={self.home}/hs_err_%p.log",
            f"-Djava.io.tmpdir={self.home}/scratch",
            f"-Dlog4j2.configurationFile={self.home}/log4j2.properties",
            "-cp",
            f"{KAFKA_LIBS}/*",
        ]


class Kafka:
    """`bootstrap_servers` is host:port[,host:port…]; `external` tells that the cluster is not ours to start.

    `brokers` is 1 or 3. `names`: the process of each broker by its node id. `locks`: what it is locked with.
    """

    def __init__(
        self,
        run_dir: Path,
        environment: Mapping[str, str] = os.environ,
        *,
        brokers: int = 1,
        locks: Locks | None = None,
    ) -> None:
        given = environment.get(VARIABLE, "")
        self._locks = locks
        self.external = bool(given)
        self._nodes = [] if self.external else _nodes(run_dir.absolute(), brokers)
        self.names = {node.id: node.name for node in self._nodes}
        self.bootstrap_servers = given or ",".join(f"{LOOPBACK}:{node.port}" for node in self._nodes)

    @property
    def bootstrap(self) -> Bootstrap:
        """As its administrator speaks to it."""
        return self.bootstrap_servers if self._locks is None else self._locks.broker(self.bootstrap_servers)

    @property
    def replication(self) -> int:
        """Replicas of a topic: one a broker."""
        return max(1, len(self._nodes))

    async def prepare(self) -> list[Process]:
        """Write the configuration and format the log directories; the processes to start, none for an external cluster.

        Raises StartError when the external cluster does not answer or formatting fails, MissingError without Java or
        Kafka's libraries.
        """
        if self.external:
            await self._expect_external()
            return []
        if not KAFKA_LIBS.is_dir() or shutil.which("java") is None:
            raise MissingError("Kafka or Java is missing: python -m deploy.local.install")
        for node in self._nodes:
            self._configure(node)
        if not all(node.formatted for node in self._nodes):
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            await asyncio.gather(*(_format(node, cluster, self._locks) for node in self._nodes))
        heap = "-Xmx512m" if len(self._nodes) == 1 else "-Xmx384m"
        return [
            Process(
                node.name,
                [*node.java(heap), "kafka.Kafka", str(node.config)],
                ready=_both(tcp(node.port), answers_metadata(self._at(node))),
                restart=True,
                ports=(node.port, node.controller, node.internal),
                seconds=150.0,  # after a kill -9 the old session (9 s) must run out; a busy machine needs more
            )
            for node in self._nodes
        ]

    def _at(self, node: _Node) -> Bootstrap:
        server = f"{LOOPBACK}:{node.port}"
        return server if self._locks is None else self._locks.broker(server)

    def _configure(self, node: _Node) -> None:
        (node.home / "scratch").mkdir(parents=True, exist_ok=True)
        listeners, files = _OPEN, {}
        if self._locks is not None:
            listeners, files = _LOCKED, {"server": self._locks.server, "ca": self._locks.ca}
        properties = (_PROPERTIES + listeners).format(
            **files,
            broker=BROKER,
            admin=ADMIN,
            internal=node.internal,
            host=LOOPBACK,
            home=node.home,
            node=node.id,
            port=node.port,
            controller=node.controller,
            voters=",".join(f"{n.id}@{LOOPBACK}:{n.controller}" for n in self._nodes),
            replication=self.replication,
            insync=min(2, self.replication),
        )
        node.config.write_text(properties, encoding="utf-8")
        (node.home / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")

    async def _expect_external(self) -> None:
        try:
            await until(answers_metadata(self.bootstrap_servers), _EXTERNAL_SECONDS)
        except TimeoutError:
            raise StartError(f"{VARIABLE}={self.bootstrap_servers} does not answer") from None


def _nodes(run_dir: Path, brokers: int) -> list[_Node]:
    ports = iter(free_ports(3 * brokers))
    names = ["kafka"] if brokers == 1 else [f"kafka-{number}" for number in range(1, brokers + 1)]
    return [_Node(name, i + 1, run_dir / name, next(ports), next(ports), next(ports)) for i, name in enumerate(names)]


async def _format(node: _Node, cluster: str, locks: Locks | None) -> None:
    # A cluster id that starts with "-" would be read as an option.
    options = ["format", f"--cluster-id={cluster}", "--config", str(node.config)]
    if locks is not None:
        # From a file: the words of a command can be read by everyone on the machine.
        said = node.home / "scratch" / "format"
        said.touch(mode=0o600)
        user = f"SCRAM-SHA-512=[name={ADMIN},password={locks.password('kafka', ADMIN)}]"
        said.write_text("\n".join([*options, "--add-scram", user]))
        options = [f"@{said}"]
    process = await asyncio.create_subprocess_exec(
        *node.java(),
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


def answers_metadata(bootstrap: Bootstrap) -> Probe:
    """Ready when the cluster answers a metadata request with at least one broker."""

    async def answers() -> bool:
        admin = AIOKafkaAdminClient(**connection(bootstrap), request_timeout_ms=_ATTEMPT_MS)
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
