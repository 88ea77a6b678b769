"""Files of detections and of an SLO, as users write them."""

SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout-availability, displayName: checkout answers}
spec:
  description: of a thousand requests, one may fail
  service: checkout
  indicator:
    metadata: {name: checkout-errors}
    spec:
      ratioMetric:
        counter: true
        bad:
          metricSource: {type: Mendlog, spec: {metric: requests_total, match: ['code=~"5.."']}}
        total:
          metricSource: {type: Mendlog, spec: {metric: requests_total}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{displayName: three nines, target: 0.999}]
"""

RULES = """\
version: 1
slos:
  - {file: checkout.slo.yaml, by: [cluster, service], labels: {team: shop}}
detections:
  - kind: threshold
    name: QueueDeep
    of: {metric: queue_depth, match: ['queue!="dead"']}
    by: [cluster, queue]
    above: 100
    for: 1m
    labels: {severity: warning}
    annotations: {summary: the queue is deep}
  - kind: absence
    name: QueueGone
    of: {metric: queue_depth}
    by: [cluster, queue]
    for: 5m
  - kind: change
    name: QueueGrows
    of: {metric: queue_depth}
    by: [cluster, queue]
    above: 0.5
    window: 10m
    for: 0s
  - kind: forecast
    name: DiskFull
    of: {metric: disk_free_bytes}
    by: [cluster, node]
    below: 1e9
    window: 6h
    within: 24h
    for: 0s
  - kind: anomaly
    name: CostOdd
    of: {metric: cost_per_hour}
    by: [cluster, account]
    deviations: 6
    season: none
    least: 5
    for: 0s
    rollouts: {of: {metric: deployment_generation}, for: 12h}
"""
