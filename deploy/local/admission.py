"""Names, passwords and rights of a locked platform on this machine. Where it is not locked nothing happens here."""

from __future__ import annotations

from deploy.access import store
from deploy.access.rights import DEFAULT_QUOTA, PAGES, STATISTICS, portal, quotas, rights
from deploy.local.errors import StartError
from deploy.local.platform import Backbone
from schemas.topics import AUDITOR


def admit(backbone: Backbone, sources: tuple[str, ...]) -> None:
    """Gives services and the upstream portals `sources` their passwords, rights and quotas on Kafka."""
    if backbone.locks is None:
        return
    from deploy.access.cluster import administered  # noqa: PLC0415 - 0.4 s that only a locked platform needs

    allowed, bounded = rights(sources), quotas(sources, **DEFAULT_QUOTA)
    passwords = backbone.locks.passwords(sources)
    with administered(backbone.bootstrap) as cluster:
        left = cluster.bring(passwords, passwords, allowed, bounded)
    if left:
        raise StartError("Kafka does not take on who may do what:\n" + "\n".join(left.said))


def migration(backbone: Backbone, services: tuple[str, ...], prefix: str) -> str:
    """Makes the store's users; the URL of who builds indexes."""
    if backbone.locks is None:
        return backbone.store_url
    store.apply(backbone.store_url, services, prefix, backbone.locks.users(services, prefix))
    return backbone.locks.store(backbone.store_address, f"{prefix}_{store.MIGRATION}")


def settings(backbone: Backbone, service: str, prefix: str) -> dict[str, str]:
    """What a service logs in with; laid over its other settings. Statistics and audit have no store.

    The portal has no Kafka.
    """
    locks = backbone.locks
    if locks is None:
        return {}
    own = f"{prefix}_{service}"
    if service == PAGES:
        return {"MONGODB_URL": locks.store(backbone.store_address, own)}
    url = {} if service in {STATISTICS, AUDITOR} else {"MONGODB_URL": locks.store(backbone.store_address, own)}
    return {**locks.kafka(service), **url}


def upstream(backbone: Backbone, source: str) -> dict[str, str]:
    """Where Kafka is for the simulated portal `source`, and what it logs in with."""
    login = {} if backbone.locks is None else backbone.locks.kafka(portal(source), "PORTAL_SIM_")
    return {**login, "PORTAL_SIM_BOOTSTRAP_SERVERS": backbone.kafka}
