"""The dynamic half of a check on the desk: boots the zips that it keeps, where it is set up to."""

from __future__ import annotations

from pathlib import Path

from refunddesk.compat.check import Site
from refunddesk.compat.smoke.both import Stage, boot_both
from refunddesk.compat.surface import WORDPRESS, Surface
from refunddesk.compat.verdict import DynamicPass
from refunddesk.db.plugins import PluginVersion
from refunddesk.services.comparisons import Comparison
from refunddesk.services.compat_files import plugin_zip, release_zip
from refunddesk.services.edges import Edges


def boot(edges: Edges, version: PluginVersion, compared: Comparison) -> DynamicPass | None:
    """What booting shows on the target and not on the baseline; None: this desk boots nothing.

    A target whose zip is not kept here is not booted, and the answer says so. Raises
    ArchiveRefused, NoPluginHeader.
    """
    if edges.workshop is None:
        return None
    plugin = plugin_zip(edges, version.sha256)
    if not plugin.is_file():
        return DynamicPass(ran=False, reason=f"the zip of {version.title} is not on this machine.")
    missing = _missing(edges, compared.target)
    if missing is not None:
        reason = f"the files of {missing.title} are not on this machine."
        return DynamicPass(ran=False, reason=reason)
    before = compared.baseline
    if before is not None and _missing(edges, before) is not None:
        before = None
    return boot_both(
        plugin,
        _stage(edges, compared.target),
        _stage(edges, before) if before is not None else None,
        edges.workshop,
    )


def _missing(edges: Edges, site: Site) -> Surface | None:
    """The first release of the site of which only the index is known."""
    return next((one for one in site.surfaces if not _place(edges, one).is_file()), None)


def _place(edges: Edges, surface: Surface) -> Path:
    return release_zip(edges, surface.sha256)


def _stage(edges: Edges, site: Site) -> Stage:
    wordpress = next(one for one in site.surfaces if one.product == WORDPRESS)
    beside = tuple(_place(edges, one) for one in site.surfaces if one.product != WORDPRESS)
    return Stage(_place(edges, wordpress), beside)
