"""``hoso kafka acls``: who may do what on Kafka, from the one declaration of topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from chassis.settings import KafkaSettings, load
from cli.settings import given_passwords
from deploy.access.rights import DEFAULT_QUOTA, Quota, Right, portal, principals, quotas, rights

if TYPE_CHECKING:
    from deploy.access.cluster import Cluster, Difference

PASSWORDS: Final = "HOSO_KAFKA_PASSWORDS"
PORTALS: Final = "HOSO_PORTAL_PASSWORDS"
console = Console()
kafka = typer.Typer(no_args_is_help=True, help="Who may do what on Kafka.")


@kafka.command()
def acls(
    *,
    portals: Annotated[str, typer.Option(envvar="HOSO_PORTALS", help="sources of upstream portals, by comma")] = "",
    produced: Annotated[
        int, typer.Option(envvar="HOSO_PORTAL_BYTES", min=1_024, help="bytes a second a portal may write")
    ] = DEFAULT_QUOTA["produced"],
    check: Annotated[bool, typer.Option("--check", help="compare with the cluster; exit 1 if it differs")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="bring the cluster to it")] = False,
) -> None:
    """Print what each may do; compare it with a cluster, or bring the cluster to it.

    The cluster is KAFKA_BOOTSTRAP_SERVERS, the administrator KAFKA_USERNAME with KAFKA_PASSWORD and KAFKA_CA_FILE.
    With --apply, HOSO_KAFKA_PASSWORDS (JSON, principal to password) and HOSO_PORTAL_PASSWORDS (JSON, source to
    password) set passwords. What is not declared is taken away.
    """
    sources = tuple(filter(None, portals.split(",")))
    try:
        users, allowed = principals(sources), rights(sources)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--portals") from error
    bounded = quotas(sources, **{**DEFAULT_QUOTA, "produced": produced})
    if not (check or apply):
        _show(allowed, bounded)
        return
    from deploy.access.cluster import TROUBLE, administered  # noqa: PLC0415 - 0.4 s that no other command needs

    passwords = _passwords(users) if apply else None
    try:
        with administered(load(KafkaSettings).kafka) as cluster:
            left = _bring(cluster, users, allowed, bounded, passwords=passwords)
    except TROUBLE as error:
        console.print(f"[red]{type(error).__name__}: {error}")
        raise typer.Exit(1) from error
    raise typer.Exit(1 if left else 0)


def _bring(
    cluster: Cluster,
    users: tuple[str, ...],
    allowed: frozenset[Right],
    bounded: frozenset[Quota],
    *,
    passwords: dict[str, str] | None,
) -> Difference:
    """What differs; with passwords, what still differs once it was ended."""
    found = cluster.difference(users, allowed, bounded)
    for line in found.said or ["the cluster is as declared"]:
        console.print(line, markup=False)
    if passwords is None:
        return found
    left = cluster.bring(passwords, users, allowed, bounded)
    for line in left.said:
        console.print(f"left: {line}", style="red", markup=False)
    return left


def _passwords(users: tuple[str, ...]) -> dict[str, str]:
    sources = [user.removeprefix(portal("")) for user in users if user.startswith(portal(""))]
    of_portals = {portal(source): password for source, password in given_passwords(PORTALS, sources).items()}
    return {**given_passwords(PASSWORDS, users), **of_portals}


def _show(allowed: frozenset[Right], bounded: frozenset[Quota]) -> None:
    table = Table("principal", "may", "what", "")
    for right in sorted(allowed):
        what = f"{right.name}*" if right.prefixed else right.name
        table.add_row(right.principal, right.operation.lower(), what, right.kind.lower())
    for quota in sorted(bounded):
        table.add_row(quota.principal, "write", f"{quota.produced:,} bytes a second", "quota")
        table.add_row(quota.principal, "read", f"{quota.fetched:,} bytes a second", "quota")
        table.add_row(quota.principal, "use", f"{quota.requests} % of a request thread", "quota")
    console.print(table)


if __name__ == "__main__":
    typer.run(acls)
