"""``hoso store users``: one store user a service, with rights to its own database."""

from __future__ import annotations

from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from cli.settings import given_passwords, store_settings
from deploy.access import store as declared
from deploy.access.rights import ADMIN
from deploy.local.stack import STORED

PASSWORDS: Final = "HOSO_STORE_PASSWORDS"
console = Console()
store = typer.Typer(no_args_is_help=True, help="Who may do what in the store.")


@store.callback()
def _store() -> None:
    """Who may do what in the store."""


@store.command()
def users(
    *,
    prefix: Annotated[str, typer.Option(envvar="HOSO_DATABASE_PREFIX", help="how the databases begin")] = "hoso",
    script: Annotated[bool, typer.Option("--script", help="print it for mongosh, which asks for passwords")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="make the users, or bring their rights to it")] = False,
) -> None:
    """Print the users and their roles, the script that makes them, or make them.

    With --apply: MONGODB_URL is the administrator's, HOSO_STORE_PASSWORDS (JSON, user to password) has the passwords of
    new users and those to change.
    """
    if script:
        print(declared.script(STORED, prefix), end="")  # noqa: T201 - the result, for mongosh
        return
    if not apply:
        _show(prefix)
        return
    passwords = given_passwords(PASSWORDS, [account.name for account in declared.accounts(STORED, prefix)])
    try:
        done = declared.apply(store_settings(ADMIN).mongodb_url.get_secret_value(), STORED, prefix, passwords)
    except KeyError as error:
        raise typer.BadParameter(f"has no password for the new user {error}", param_hint=PASSWORDS) from error
    except declared.TROUBLE as error:
        console.print(f"[red]the store does not do it: {str(error)[:300]}")
        raise typer.Exit(1) from error
    for line in done or ["every user is there, with the rights declared"]:
        console.print(line, markup=False)


def _show(prefix: str) -> None:
    table = Table("user", "role", "of database")
    for account in declared.accounts(STORED, prefix):
        for role, database in account.roles:
            table.add_row(account.name, role, database)
    console.print(table)


if __name__ == "__main__":
    typer.run(users)
