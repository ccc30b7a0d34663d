"""What of the monitoring is computed: `make generate` writes the rules of the objectives and the dashboards.

slo.py         service level objectives, their recording rules and burn-rate alerts -> deploy/prometheus/rules/slo.yml
dashboards.py  what people look at -> deploy/grafana/dashboards; running.py and business.py say what is on them
panels.py      the few forms of panels and queries they are made of
"""
