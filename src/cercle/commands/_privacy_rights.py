"""`cercle privacy`: erasure, the search that proves it, and the rewriting of dead copies."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any, TextIO

import click

from cercle.commands import State, pass_state
from cercle.errors import EXIT_DIFFERENCE, EXIT_OK

__all__ = ["add_commands"]

_REGION = click.option(
    "--region", default="FR", show_default=True, help="Country of a number without a country code."
)


@click.command(name="erase")
@click.option("--customer", "customer_id", help="Customer id (c_…), a retired one too.")
@click.option("--contact-point", help="Instead: kind:value of a contact point that nobody else uses.")
@click.option("--request", "request_key", help="The request that asks for it (cercle privacy requests).")
@click.option("--reason", required=True, help="A sentence without personal values.")
@click.option("--dry-run", is_flag=True, help="Count what would go, and roll everything back.")
@click.option(
    "--rewrite", is_flag=True, help="Rewrite the touched tables at once (else: cercle privacy purge)."
)
@click.option(
    "--files",
    type=click.Choice(["list", "delete"]),
    default="list",
    show_default=True,
    help="Landing files that held the person: list them in the proof, or delete them too.",
)
@_REGION
@pass_state
def erase_command(state: State, /, dry_run: bool, rewrite: bool, files: str, **whom: Any) -> int:
    """Erase a person from the whole warehouse, in one transaction, with proof.

    What accounting law asks for goes to the schema archive, without the person. Tombstones keep old files from
    bringing the person back; stops stay in the ledger as pseudonyms. Run `cercle run` afterwards: until then the
    tables that only a build reads are empty. docs/rights.md.
    """
    from cercle.privacy.erasure import Order, erase
    from cercle.privacy.purge import purge

    if (whom["customer_id"] is None) == (whom["contact_point"] is None):
        raise click.UsageError("Name either --customer or --contact-point")
    order = Order(**whom)
    erasure = erase(state.settings, order, is_dry_run=dry_run, is_deleting_files=files == "delete")
    rewrites = purge(state.settings).rewrites if rewrite and not dry_run else []
    payload = asdict(erasure)
    payload["rewrites"] = [asdict(item) for item in rewrites]
    touched = [count for count in erasure.relations if count.action != "emptied"]
    lines = [
        f"{'Would erase' if dry_run else 'Erased'} {erasure.record_count} records in {len(touched)} relations, "
        f"{erasure.duration_seconds:.1f} s; {erasure.tombstone_count} tombstones, "
        f"{erasure.archived_row_count} rows archived for accounting.",
        *(f"  {count.action:9} {count.relation}: {count.before}" for count in touched),
    ]
    if erasure.shared_identifier_count:
        lines.append(
            f"{erasure.shared_identifier_count} identifiers are other people's too, and stay with them."
        )
    if erasure.files:
        lines.append(f"{len(erasure.files)} delivered files held, or may have held, the person:")
        lines += [f"  {file.outcome:8} {file.certainty:8} {file.file_name}" for file in erasure.files]
    if erasure.foreign_relations:
        lines.append(
            f"{len(erasure.foreign_relations)} tables of others were not touched: cercle privacy verify searches them."
        )
    if not dry_run:
        lines.append(
            "Backups, exported files and the sources themselves are yours to see to. Next: cercle run."
        )
    state.show(payload, "\n".join(lines))
    return EXIT_OK


@click.command(name="verify")
@click.argument("file", type=click.File(encoding="utf-8"), default="-")
@click.option("--dump", is_flag=True, help="Search a pg_dump of the whole database as well.")
@_REGION
@pass_state
def verify_command(state: State, file: TextIO, dump: bool, region: str) -> int:
    """Search the whole database for a person's clear values; exits 1 when one is found.

    FILE (or standard input, never an argument) has one value in each line: email:…, tel:… (found in any spelling),
    or any other text. Answers name relations and line numbers, never a value.
    """
    from cercle.privacy.verify import Found, read_needles, search_database, search_dump

    if file.name == "-" and sys.stdin.isatty():
        click.echo("One value in each line, then Ctrl-D:", err=True)
    needles = read_needles(file, region)
    found: list[Found] = search_database(state.settings, needles)
    if dump:
        found += [
            Found(f"dump: {hit.relation}", hit.line, hit.kind, hit.row_count)
            for hit in search_dump(state.settings, needles)
        ]
    payload = {"value_count": len(needles), "has_dump": dump, "found": [asdict(hit) for hit in found]}
    lines = [f"  line {hit.line} ({hit.kind}): {hit.relation}, {hit.row_count} rows" for hit in found]
    summary = (
        f"{len(needles)} values, found in {len({hit.relation for hit in found})} relations:"
        if found
        else f"{len(needles)} values, found nowhere{', nor in the dump' if dump else ''}."
    )
    state.show(payload, "\n".join([summary, *lines]))
    return EXIT_DIFFERENCE if found else EXIT_OK


@click.command(name="purge")
@pass_state
def purge_command(state: State) -> None:
    """Rewrite the tables that erasures touched since their last rewriting: dead copies leave the database's files.

    Locks each table while it is rewritten (VACUUM FULL), so it is work for the hours of upkeep. The proof stands in
    privacy.rewrites.
    """
    from cercle.privacy.purge import purge

    done = purge(state.settings)
    gained = sum(item.bytes_before - item.bytes_after for item in done.rewrites)
    said = (
        f"{len(done.rewrites)} tables rewritten, {gained / 1e6:.1f} MB given back."
        if done.rewrites
        else "No erasure waits for a rewriting."
    )
    state.show(asdict(done), f"{said} {done.expired_count} accounting rows had run out of their term.")


@click.command(name="rotate-key")
@pass_state
def rotate_command(state: State) -> None:
    """Key every known value under the newest version of the secret; the ledger keeps its names.

    First add the new version at the end of CERCLE_HMAC_KEYS, and leave the old ones before it: tombstones are known
    under them. Run `cercle run` afterwards. Again changes nothing.
    """
    from cercle.privacy.rotation import rotate

    rotation = rotate(state.settings)
    state.show(
        asdict(rotation),
        f"Version {rotation.key_version}: {rotation.value_count} values keyed anew, {rotation.name_count} names added; "
        f"{rotation.orphan_count} contact points are known under an older version alone.",
    )


def add_commands(group: click.Group) -> None:
    """Add the commands of this module to `cercle privacy`."""
    for command in (erase_command, verify_command, purge_command, rotate_command):
        group.add_command(command)
