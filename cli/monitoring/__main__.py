"""``python -m cli.monitoring``: writes what is computed."""

from cli.monitoring import dashboards, slo

for path, text in {**slo.documents(), **dashboards.documents()}.items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
