"""Starts submission: ``python -m services.submission.main``."""

from __future__ import annotations

from chassis import series
from chassis.service import Service, run
from chassis.settings import load
from schemas.topics import UPSTREAM
from services.submission.api import router
from services.submission.domain.drafts import FileDraft
from services.submission.effects.calling import CallsPortal
from services.submission.effects.drafts import FilesDraft
from services.submission.effects.fetching import FetchesFile
from services.submission.effects.filing import CarriesOut, FilesFirst, FilesUpstream, TellsPortal
from services.submission.effects.national import SyncsNational
from services.submission.files import upkeep
from services.submission.files.api import UPLOAD
from services.submission.handlers import aggregates
from services.submission.portal_messages import CallPortal, CarryOut, FetchFile, FileUpstream, SyncNational, TellPortal
from services.submission.settings import SubmissionSettings
from services.submission.upstream import UpstreamReader


def main() -> None:
    """Reads the settings and runs until SIGTERM."""
    settings = load(SubmissionSettings)
    own = settings.own
    portals = settings.keys_of_portals
    service = Service(
        name="submission",
        aggregates=aggregates(settings.rules, own, portals, settings.keeping, settings.callbacks),
        hears={"payment": "dossiers", "delivery": "dossiers"},
        adapters=lambda platform: {
            **series.adapters(platform, "dossiers"),
            FileUpstream: FilesUpstream(platform),
            FetchFile: FetchesFile(platform),
            CarryOut: CarriesOut(platform),
            TellPortal: TellsPortal(platform),
            CallPortal: CallsPortal(platform),
            SyncNational: SyncsNational(platform),
            FileDraft: FilesDraft(platform),
            **upkeep.adapters(platform),
        },
        routes=router,
        background=lambda platform: (upkeep.Sweeps(platform).run(),),
        larger_bodies=lambda own: {UPLOAD: own.file_bytes},
        readers=lambda platform: {
            UPSTREAM: (UpstreamReader(own, portals, platform.clock, settings.token), FilesFirst(platform))
        },
    )
    run(service, settings)


if __name__ == "__main__":
    main()
