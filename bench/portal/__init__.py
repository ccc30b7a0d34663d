"""The portal measured: the page that somebody who follows a dossier looks at, and pages that anybody may see."""
