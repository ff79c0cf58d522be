"""Three workloads of real schemas, which lie outside the repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.codecs.packages import ROOT, Packages
from benchmarks.codecs.values import plausible_value
from benchmarks.codecs.workload import Workload

__all__ = ["corpora", "real_workloads"]

_ALERT = Path("lsst/python/lsst/alert/packet/schema/7/3")
_RECORD = Path("radar/commons/active/questionnaire/questionnaire.avsc")
_UNION = Path("apache-avro/lang/c++/jsonschemas/large_schema.avsc")


def corpora() -> Path:
    """The folder of real schemas in the one that ``AVROGEN_SHARED`` names, or in ``../shared``."""
    return Path(os.environ.get("AVROGEN_SHARED", ROOT.parent / "shared")) / "corpora"


def real_workloads(packages: Packages) -> Iterator[Workload]:
    """Build the packages, and make a value of each type. :func:`corpora` must be there."""
    packages.build("alert", corpora() / _ALERT)
    yield _workload("alert", packages.place("alert", "lsst.v7_3.alert"), seed=1)
    packages.build("radar", corpora() / _RECORD)
    questionnaire = "org.radarcns.active.questionnaire.Questionnaire"
    yield _workload("radar", packages.place("radar", questionnaire), seed=1)
    packages.build("large", corpora() / _UNION)
    # It has 441 named types and, at its top, a union of 122 branches. The value is a record with
    # about 70 others in it, five unions deep.
    yield _workload("union", ("large", "large_schema"), seed=25)


def _workload(name: str, place: tuple[str, str], *, seed: int) -> Workload:
    owner = Workload(name, place, None).owner
    return Workload(name, place, plausible_value(owner.__avro_schema__, seed=seed))
