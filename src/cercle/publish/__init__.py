"""Publication: in one transaction `marts` gets what was built, and readers see all of it or nothing.

The shape comes from the models' contracts in dbt's manifest (`shape`) and is compared with what stands in the
database (`catalog`, `plan`); the rows that differ are found and written (`changes`), all within
`transaction.publish`.
"""

from cercle.publish.plan import Plan, Statement
from cercle.publish.record import keep_shapes
from cercle.publish.shape import Column, ForeignKey, Index, Mart, marts_from_manifest
from cercle.publish.transaction import ApplyIdentity, Publication, plan_publication, publish

__all__ = [
    "ApplyIdentity",
    "Column",
    "ForeignKey",
    "Index",
    "Mart",
    "Plan",
    "Publication",
    "Statement",
    "keep_shapes",
    "marts_from_manifest",
    "plan_publication",
    "publish",
]
