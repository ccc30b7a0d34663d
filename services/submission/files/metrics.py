"""What is counted of files; never whose or which."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

UPLOADS: Final = Counter("hoso_file_uploads", "Uploads, by what became of them", ["outcome"])
UPLOADED: Final = Counter("hoso_file_upload_bytes", "Clear bytes of uploads that were kept")
DOWNLOADED: Final = Counter("hoso_file_download_bytes", "Clear bytes sent to readers")
SCANS: Final = Histogram("hoso_file_scan_seconds", "Scans for viruses, by verdict", ["verdict"])
REMOVED: Final = Counter("hoso_files_removed", "Files removed", ["why"])
