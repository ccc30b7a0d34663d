"""The whole platform on this machine: backbone, topics, simulated partners, services, each a process of its own."""

import asyncio
import base64
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from deploy.local import admission, certificates, indexes, probes, testca, topics
from deploy.local.child import Process
from deploy.local.paths import ROOT
from deploy.local.platform import Backbone
from deploy.local.ports import LOOPBACK, free_ports

SERVICES = ("submission", "payment", "notification", "delivery", "tracking")
STATISTICS = "statistics"
"""A process of tracking's own: it counts what the others say, and no dossier waits for it."""
AUDIT = "audit"
"""It seals what the others say, and no dossier waits for it."""
PORTAL = "portal"
"""The pages for people: it asks the others, and none of them needs it."""
STORED = (*SERVICES, PORTAL)
"""Those with a database of their own."""
PARTNERS = (
    "identity", "sms_centre", "mail_sink", "post_office", "payment_gateway", "virus_scanner", "upstream_portal",
)  # fmt: skip
SOURCE = "dvc-example"
TMN_CODE = "HOSODEMO"
SLOWEST = 180
"""Seconds until a process is ready, on a machine that has much else to do: imports alone took a minute there."""
_PORTS = (
    *SERVICES,
    STATISTICS,
    AUDIT,
    PORTAL,
    "idp", "sms_centre", "phone", "mail", "mailbox", "post_office", "gateway", "upstream_portal", "clamd", "scanner",
)  # fmt: skip


@dataclass(frozen=True)
class Stack:
    """Where everything is: base URLs by name, and what a client needs to act as an upstream portal or a merchant."""

    ports: Mapping[str, int]

    def url(self, name: str) -> str:
        """``http://127.0.0.1:PORT`` of a service or simulator."""
        return f"http://{LOOPBACK}:{self.ports[name]}"

    @property
    def addresses(self) -> dict[str, str]:
        """What people may look at."""
        pages = {"phone": "/phone", "mailbox": "/", "post_office": "/", "gateway": "/"}
        unseen = {"sms_centre", "mail", "clamd"}
        return {name: self.url(name) + pages.get(name, "") for name in self.ports if name not in unseen}


def replica_names(service: str, replicas: int) -> tuple[str, ...]:
    """The process of each replica; their ports go by the same names. There is one of statistics, and one that seals."""
    if service in {STATISTICS, AUDIT, PORTAL}:
        return (service,)
    return (service, *(f"{service}-{number}" for number in range(2, replicas + 1)))


async def start(
    backbone: Backbone,
    *,
    replicas: int = 1,
    modules: Mapping[str, str] | None = None,
    services: Sequence[str] = (*SERVICES, STATISTICS, AUDIT, PORTAL),
    partners: Collection[str] = PARTNERS,
) -> Stack:
    """Start topics, partners and services on a running backbone. Raises StartError.

    Each service runs in `replicas` processes; `modules` names another module to run for a service. Fewer `services`
    and `partners` are for benchmarks of one service.
    """
    more = [name for service in services for name in replica_names(service, replicas)[1:]]
    names = (*_PORTS, *more)
    stack = Stack(dict(zip(names, free_ports(len(names)), strict=True)))
    await topics.create(backbone.bootstrap, (SOURCE,), replication=backbone.replication)
    await asyncio.to_thread(admission.admit, backbone, (SOURCE,))
    secret = _secrets(backbone.run.path / "secrets.json")
    own, portal = ECKey.import_key(secret["own"]), ECKey.import_key(secret["portal"])
    words = secret["words"]
    (backbone.run.path / "signing-ca.pem").write_text(json.loads(words["signing"])["leader"]["chain"])
    (backbone.run.path / "accounts.json").write_text(json.dumps(_accounts(stack)))
    prefix = os.environ.get("HOSO_DATABASE_PREFIX", "hoso")
    migration = await asyncio.to_thread(admission.migration, backbone, STORED, prefix)
    await asyncio.gather(
        indexes.create(migration, prefix),
        backbone.start([p for p in _partners(stack, words, backbone.run.path) if p.name in partners], stack.addresses),
    )
    outer = {
        "KAFKA_BOOTSTRAP_SERVERS": backbone.kafka,
        "OIDC_ISSUER": stack.url("idp"),
        "HOSO_STATE_DIR": str(backbone.run.path / "state"),
    }
    common = {**outer, "MONGODB_URL": backbone.store_url, "HOSO_MASTER_KEY": secret["master"]}
    own_settings = {name: {**common, **own} for name, own in _settings(stack, words, own, portal).items()}
    if PORTAL in services:
        own_settings["payment"]["PAYMENT_PORTAL_URL"] = stack.url(PORTAL)
    own_settings[AUDIT] = {
        **{name: outer[name] for name in ("KAFKA_BOOTSTRAP_SERVERS", "OIDC_ISSUER")},
        "AUDIT_SIGNING_KEY": json.dumps(secret["audit"]),
    }
    own_settings[STATISTICS] = {**outer, "HOSO_REPLICATION": str(backbone.replication)}
    own_settings[PORTAL] = {
        "OIDC_ISSUER": stack.url("idp"),
        "MONGODB_URL": backbone.store_url,
        **_of_portal(stack, words),
    }
    for name, settings in own_settings.items():
        settings.update(admission.settings(backbone, name, prefix))
    run = {service: f"services.{service}.main" for service in SERVICES}
    run |= {
        STATISTICS: "services.tracking.statistics",
        AUDIT: "services.audit",
        PORTAL: "services.portal",
        **(modules or {}),
    }
    await backbone.start(
        [
            _service(service, run[service], name, stack, own_settings[service])
            for service in services
            for name in replica_names(service, replicas)
        ]
    )
    if "submission" in services and "upstream_portal" in partners:
        await backbone.start([_upstream_portal(stack, admission.upstream(backbone, SOURCE), portal)])
    return stack


def _secrets(path: Path) -> dict[str, Any]:
    """Secrets of one run directory, made once: data written under a master key needs that key again.

    A directory of an older checkout gets the words that it lacks.
    """
    words = {name: secrets.token_urlsafe(24) for name in ("vnpay", "paygov", "post", "token", "portal")}
    words |= {"smpp": secrets.token_hex(4), "signing": json.dumps(testca.keys())}
    words |= certificates.self_signed("hoso receipts (demo)")
    keys = {name: ECKey.generate_key("P-256").as_dict(private=True) for name in ("own", "portal", "audit")}
    master = base64.b64encode(secrets.token_bytes(32)).decode()
    known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    found = {"master": master, **keys, **known, "words": words | known.get("words", {})}
    if found != known:
        path.touch(mode=0o600)
        path.write_text(json.dumps(found))
    return found


def search_key(run: Path) -> str:
    """What submission's search tokens are made with in that run directory, in base64."""
    return _search_key(_secrets(run / "secrets.json")["words"])


def _search_key(words: Mapping[str, str]) -> str:
    return base64.b64encode(hashlib.sha256(words["vnpay"].encode()).digest()).decode()


def _settings(stack: Stack, words: Mapping[str, str], own: ECKey, portal: ECKey) -> dict[str, dict[str, str]]:
    return {
        "submission": {
            "SUBMISSION_JWK": _jwk(own, private=True),
            "SUBMISSION_PORTALS": json.dumps({SOURCE: portal.as_dict(private=False)}),
            "SUBMISSION_SEARCH_KEY": _search_key(words),
            "SUBMISSION_CLAMD": f"tcp://{LOOPBACK}:{stack.ports['clamd']}",
        },
        "payment": {
            "PAYMENT_VNPAY_TMN_CODE": TMN_CODE,
            "PAYMENT_VNPAY_SECRET": words["vnpay"],
            "PAYMENT_VNPAY_PAY_URL": stack.url("gateway") + "/paymentv2/vpcpay.html",
            "PAYMENT_VNPAY_API_URL": stack.url("gateway") + "/merchant_webapi/api/transaction",
            "PAYMENT_PUBLIC_URL": stack.url("payment"),
            "PAYMENT_PAYGOV_URL": stack.url("gateway") + "/paygov",
            "PAYMENT_PAYGOV_SECRET": words["paygov"],
            "PAYMENT_BANK_BIN": "970436",
            "PAYMENT_BANK_ACCOUNT": "1012345678",
            "PAYMENT_RECEIPT_KEY": words["receipt_key"],
            "PAYMENT_RECEIPT_CERTIFICATE": words["receipt_certificate"],
        },
        "notification": {
            "NOTIFICATION_SMPP_HOST": LOOPBACK,
            "NOTIFICATION_SMPP_PORT": str(stack.ports["sms_centre"]),
            "NOTIFICATION_SMPP_SYSTEM_ID": "hoso",
            "NOTIFICATION_SMPP_PASSWORD": words["smpp"],
            "NOTIFICATION_SMPP_SENDER": "SVHTTDL-DB",
            "NOTIFICATION_SMTP_HOST": LOOPBACK,
            "NOTIFICATION_SMTP_PORT": str(stack.ports["mail"]),
            "NOTIFICATION_SMTP_FROM": "hoso@example.vn",
            "NOTIFICATION_TOKEN_KEY": words["token"],
            "NOTIFICATION_QUIET": "",
        },
        "delivery": {
            "DELIVERY_POST_URL": stack.url("post_office"),
            "DELIVERY_POST_USERNAME": "hoso",
            "DELIVERY_POST_PASSWORD": words["post"],
            "DELIVERY_POST_CUSTOMER_CODE": "SVHTTDL",
            "DELIVERY_POST_POLL_SECONDS": "1",
            "DELIVERY_POST_CALLBACK_SECRET": words["post"],
            "DELIVERY_SIGNING_KEYS": words["signing"],
            "DELIVERY_PUBLIC_URL": stack.url("delivery"),
        },
        "tracking": {},
    }


def _accounts(stack: Stack) -> dict[str, Any]:
    """The example accounts; whoever signs in for the portal is sent back to it."""
    found: dict[str, Any] = json.loads((ROOT / "simulators/identity/accounts.example.json").read_text())
    found["publicClients"][0]["redirect_uris"].append(stack.url(PORTAL) + "/signed-in")
    return found


def _of_portal(stack: Stack, words: Mapping[str, str]) -> dict[str, str]:
    """It calls the services as the machine `portal` of the example accounts."""
    secret = next(machine["secret"] for machine in _accounts(stack)["machines"] if machine["client_id"] == PORTAL)
    asked = ("submission", "payment", "notification", "delivery", "tracking", STATISTICS)
    return {
        **{f"PORTAL_{name.upper()}_URL": stack.url(name) for name in asked},
        "PORTAL_URL": stack.url(PORTAL),
        "PORTAL_CLIENT_ID": PORTAL,
        "PORTAL_CLIENT_SECRET": secret,
        "PORTAL_KEY": base64.b64encode(hashlib.sha256(words["portal"].encode()).digest()).decode(),
    }


def _partners(stack: Stack, words: Mapping[str, str], run: Path) -> list[Process]:
    """The simulated partners. Their books are in the run directory: they outlive a kill."""
    port = {name: str(number) for name, number in stack.ports.items()}
    merchants = {TMN_CODE: {"secret": words["vnpay"], "ipn_url": stack.url("payment") + "/payments/vnpay/ipn"}}
    environments: dict[str, dict[str, str]] = {
        "identity": {
            "IDP_PORT": port["idp"],
            "IDP_ACCOUNTS_FILE": str(run / "accounts.json"),
            "IDP_KEY_FILE": str(run / "idp.json"),
        },
        "sms_centre": {
            "SMSC_PORT": port["sms_centre"],
            "SMSC_HTTP_PORT": port["phone"],
            "SMSC_JOURNAL": str(run / "books" / "sms.jsonl"),
        },
        "mail_sink": {
            "MAIL_SMTP_PORT": port["mail"],
            "MAIL_HTTP_PORT": port["mailbox"],
            "MAIL_JOURNAL": str(run / "books" / "mail.jsonl"),
        },
        "post_office": {
            "POST_PORT": port["post_office"],
            "POST_JOURNAL": str(run / "books" / "post.jsonl"),
            "POST_STEP_MS": "300",
            "POST_USERNAME": "hoso",
            "POST_PASSWORD": words["post"],
            "POST_CUSTOMER_CODE": "SVHTTDL",
            "POST_CALLBACK_URL": stack.url("delivery") + "/post/events",
            "POST_CALLBACK_SECRET": words["post"],
        },
        "payment_gateway": {
            "VNPAY_SIM_PORT": port["gateway"],
            "VNPAY_SIM_MERCHANTS": json.dumps(merchants),
            "VNPAY_SIM_PAYGOV": json.dumps({"secret": words["paygov"], "partner_url": stack.url("payment")}),
            "VNPAY_SIM_IPN_RETRY_SECONDS": "2",
            "VNPAY_SIM_JOURNAL": str(run / "books" / "payments.jsonl"),
        },
        "virus_scanner": {"CLAMD_SIM_PORT": port["clamd"], "CLAMD_SIM_HTTP_PORT": port["scanner"]},
    }
    health = {
        "identity": "idp",
        "sms_centre": "phone",
        "mail_sink": "mailbox",
        "post_office": "post_office",
        "payment_gateway": "gateway",
        "virus_scanner": "scanner",
    }
    return [
        Process(
            name,
            (sys.executable, "-m", f"simulators.{name}"),
            env,
            ready=probes.http(stack.url(health[name]) + "/healthz"),
            restart=True,
            ports=(stack.ports[health[name]],),
            seconds=SLOWEST,
        )
        for name, env in environments.items()
    ]


def _service(service: str, module: str, name: str, stack: Stack, env: Mapping[str, str]) -> Process:
    return Process(
        name,
        (sys.executable, "-m", module),
        {**env, f"{service.upper()}_PORT": str(stack.ports[name]), "HOSO_INSTANCE": name},
        ready=probes.http(stack.url(name) + "/readyz"),
        restart=True,
        ports=(stack.ports[name],),
        seconds=SLOWEST,
    )


def _upstream_portal(stack: Stack, kafka: Mapping[str, str], key: ECKey) -> Process:
    env = {
        **kafka,
        "PORTAL_SIM_PORT": str(stack.ports["upstream_portal"]),
        "PORTAL_SIM_SOURCE": SOURCE,
        "PORTAL_SIM_JWK": _jwk(key, private=True),
        "PORTAL_SIM_KEYS_URL": stack.url("submission") + "/.well-known/jwks.json",
    }
    ready = probes.http(stack.url("upstream_portal") + "/healthz")
    ports = (stack.ports["upstream_portal"],)
    return Process(
        "upstream_portal",
        (sys.executable, "-m", "simulators.upstream_portal"),
        env,
        ready=ready,
        restart=True,
        ports=ports,
        seconds=SLOWEST,
    )


def _jwk(key: ECKey, *, private: bool) -> str:
    jwk: dict[str, Any] = key.as_dict(private=private)
    return json.dumps(jwk)
