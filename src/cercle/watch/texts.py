"""What is said of each condition, in French and English, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["TEXTS", "Text", "line"]


class Text(NamedTuple):
    """A sentence in French and English, with names of facts in braces, and the command or place that helps."""

    french: str
    english: str
    remedy: str


TEXTS: Mapping[str, Text] = {
    "build_failed": Text(
        "La construction {key} a échoué ; les lecteurs voient la dernière publication. {error}",
        "Build {key} failed; readers see the last publication. {error}",
        "cercle status --html page.html; cercle run",
    ),
    "rule_broken": Text(
        "Une règle critique n’est pas tenue, rien n’est publié : {message} ({suite}, {row_count} lignes de {relation})",
        "A critical rule does not hold, nothing is published: {message} ({suite}, {row_count} rows of {relation})",
        "Data Docs, ops.quality_results; cercle check marts",
    ),
    "run_late": Text(
        "Le traitement {dag_id} ({key}) devait être terminé le {deadline} UTC ; il est : {state}.",
        "The run {key} of {dag_id} should have ended by {deadline} UTC; it is {state}.",
        "Airflow shows what it waits for; cercle status",
    ),
    "publication_old": Text(
        "Rien n’a été publié depuis {published_at} UTC.",
        "Nothing has been published since {published_at} UTC.",
        "cercle status; is the scheduler running?",
    ),
    "request_late": Text(
        "{request_count} demandes de personnes ({request_kind}, art. {right_article}) étaient dues le {due_date}.",
        "{request_count} requests of persons ({request_kind}, art. {right_article}) were due on {due_date}.",
        "cercle privacy requests",
    ),
    "request_due": Text(
        "{request_count} demandes de personnes ({request_kind}, art. {right_article}) sont à répondre le {due_date}.",
        "{request_count} requests of persons ({request_kind}, art. {right_article}) are due on {due_date}.",
        "cercle privacy requests",
    ),
    "delivery_quarantined": Text(
        "Livraison {key} en quarantaine ({source}/{entity}, {file_name}, {read_count} lignes) : {reason}",
        "Delivery {key} is in quarantine ({source}/{entity}, {file_name}, {read_count} rows): {reason}",
        "cercle check release {key}, or cercle check withdraw {key}",
    ),
    "delivery_refused": Text(
        "Fichier refusé ({source}/{entity}, {file_name}) : {reason}",
        "A file was refused ({source}/{entity}, {file_name}): {reason}",
        "mend the file and deliver it again; cercle load --dry-run shows what would come in",
    ),
    "source_silent": Text(
        "La source {source} se tait depuis {last_loaded_at} UTC.",
        "The source {source} has been silent since {last_loaded_at} UTC.",
        "look at the system that delivers it, and at the landing folder",
    ),
    "market_alert": Text(
        "{alert_kind} le {day} : {subject}, {contact_count} contacts, {customer_count} clients.",
        "{alert_kind} on {day}: {subject}, {contact_count} contacts, {customer_count} customers.",
        "select * from marts.alerts",
    ),
}


def line(kind: str, key: str, facts: Mapping[str, Any]) -> Text:
    """Return what is said of a condition.

    Args:
        kind: of the condition.
        key: what it is about.
        facts: as `find_conditions` read them.
    """
    values = {name: "–" if value is None else value for name, value in facts.items()} | {"key": key}
    return Text(*(part.format(**values) for part in TEXTS[kind]))
