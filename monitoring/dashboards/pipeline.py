"""Pipeline: whether the workers keep up, everything is durable, and nothing gets lost."""

from monitoring.dashboards.board import Board, Choice, Curves, Number, Row, above, at_least
from monitoring.dashboards.burning import budgets, burn, burning, well

_UID = "weir-pipeline"
_CHOSEN = 'instance=~"$instance"'
_WORKER = f'job="weir-worker", {_CHOSEN}'  # of deployment/prometheus/prometheus.yml

ANSWER = Row(
    title="Do the workers keep up, is everything durable, and what burns?",
    panels=(
        well(_UID),
        Number(
            title="Workers ready",
            about="Workers that have their partitions and the state of them.",
            unit="short",
            queries={"ready": f"sum(weir_ready{{{_CHOSEN}}})"},
            steps=at_least(1),
            empty="none",
        ),
        Number(
            title="Events in",
            about="Records taken from all input topics per second.",
            unit="eps",
            queries={"in": f"sum(rate(weir_events_in_total{{{_CHOSEN}}}[$__rate_interval]))"},
        ),
        Number(
            title="Records that wait",
            about="Consumer lag of all topics, the internal one included.",
            unit="short",
            queries={"waiting": f"sum(weir_consumer_lag_records{{{_CHOSEN}}})"},
            steps=above(10_000, 100_000),
        ),
        Number(
            title="Oldest uncommitted work",
            about="What a crash now would do again. A commit is due every second; at 60 s a worker is unhealthy.",
            unit="s",
            queries={"age": f"max(weir_commit_age_seconds{{{_CHOSEN}}})"},
            steps=above(10, 60),
        ),
        Number(
            title="Share refused",
            about="Records that became dead letters, of all taken.",
            unit="percentunit",
            queries={
                "refused": f"sum(rate(weir_dead_lettered_events_total{{{_CHOSEN}}}[$__rate_interval]))"
                f" / (sum(rate(weir_events_in_total{{{_CHOSEN}}}[$__rate_interval])) > 0)"
            },
            steps=above(0.001, 0.01),
            empty="no events",
        ),
        burning(_UID),
        budgets(_UID, span=6),
        burn(_UID, span=6),
    ),
)

FLOW = Row(
    title="Where events go",
    panels=(
        Curves(
            title="In",
            about="Records taken, by topic.",
            unit="eps",
            queries={"{{topic}}": f"sum by (topic) (rate(weir_events_in_total{{{_CHOSEN}}}[$__rate_interval]))"},
            stacked=True,
        ),
        Curves(
            title="Out",
            about="What became of them: scored, refused or dropped as duplicates. It adds up to what came in.",
            unit="eps",
            queries={
                "scored {{kind}}": f"sum by (kind) (rate(weir_scored_events_total{{{_CHOSEN}}}[$__rate_interval]))",
                "refused": f"sum(rate(weir_dead_lettered_events_total{{{_CHOSEN}}}[$__rate_interval]))",
                "duplicates": f"sum(rate(weir_duplicate_events_total{{{_CHOSEN}}}[$__rate_interval]))",
            },
            stacked=True,
        ),
        Curves(
            title="Waiting, by topic",
            about="Consumer lag: a slope that does not come down asks for another worker.",
            unit="short",
            queries={"{{topic}}": f"sum by (topic) (weir_consumer_lag_records{{{_CHOSEN}}})"},
            steps=above(10_000, 100_000),
        ),
    ),
)

DURABLE = Row(
    title="Is it durable",
    panels=(
        Curves(
            title="Oldest uncommitted work, by worker",
            about="A saw tooth of the commit interval is well; a ramp is a stage or a broker that does not answer.",
            unit="s",
            queries={"{{instance}}": f"max by (instance) (weir_commit_age_seconds{{{_CHOSEN}}})"},
            steps=above(10, 60),
        ),
        Curves(
            title="Time of a commit, 99 of 100",
            about="From the snapshot of a partition until its rows are durable.",
            unit="s",
            queries={
                "{{stage}}": "histogram_quantile(0.99, "
                f"sum by (le, stage) (rate(weir_commit_seconds_bucket{{{_CHOSEN}}}[$__rate_interval])))"
            },
        ),
        Curves(
            title="Not published again",
            about="Records that a crash left on a topic before their commit: recognised, so nobody sees them twice.",
            unit="short",
            queries={
                "{{stage}}": f"sum by (stage) (increase(weir_suppressed_records_total{{{_CHOSEN}}}[$__rate_interval]))"
            },
        ),
    ),
)

STATE = Row(
    title="What is remembered",
    panels=(
        Curves(
            title="Keys",
            about="Customers, terminals and symbols with state.",
            unit="short",
            queries={"{{table}}": f"sum by (table) (weir_state_keys{{{_CHOSEN}}})"},
        ),
        Curves(
            title="Bytes",
            about="Memory held by the tables, arrays and index.",
            unit="bytes",
            queries={"{{table}}": f"sum by (table) (weir_state_bytes{{{_CHOSEN}}})"},
        ),
        Curves(
            title="Beyond the bound",
            about="Histories and keys that did not fit their stated bound, and keys forgotten to keep it.",
            unit="ops",
            queries={
                "{{table}} overflowed": "sum by (table) "
                f"(rate(weir_overflowed_keys_total{{{_CHOSEN}}}[$__rate_interval]))",
                "{{table}} evicted": f"sum by (table) (rate(weir_evicted_keys_total{{{_CHOSEN}}}[$__rate_interval]))",
            },
        ),
    ),
)

PROCESS = Row(
    title="The workers themselves",
    panels=(
        Curves(
            title="CPU",
            about="Cores used; a worker's loop can use one.",
            unit="short",
            queries={"{{instance}}": f"rate(process_cpu_seconds_total{{{_WORKER}}}[$__rate_interval])"},
        ),
        Curves(
            title="Memory",
            about="Resident memory.",
            unit="bytes",
            queries={"{{instance}}": f"process_resident_memory_bytes{{{_WORKER}}}"},
        ),
        Curves(
            title="Clocks and faults of ours",
            about="Events stamped later than the worker's clock: latency unknown. Counts without a declared metric.",
            unit="eps",
            queries={
                "ahead of the clock": f"sum(rate(weir_ahead_of_clock_events_total{{{_CHOSEN}}}[$__rate_interval]))",
                "undeclared counts": f"sum(rate(weir_unknown_counts_total{{{_CHOSEN}}}[$__rate_interval]))",
            },
        ),
        Number(
            title="Restarts, last hour",
            about="Of all workers together.",
            unit="short",
            queries={"restarts": f"sum(changes(process_start_time_seconds{{{_WORKER}}}[1h]))"},
            steps=above(1, 3),
        ),
        Number(
            title="Time to recover",
            about="The longest last way from a start or rebalance to complete state. The budget is 10 s.",
            unit="s",
            queries={"recovery": f"max(weir_recovery_seconds{{{_CHOSEN}}})"},
            steps=above(10, 60),
        ),
        Number(
            title="Processes that answer",
            about="Processes of each job that answered the last scrape of Prometheus.",
            unit="short",
            queries={"{{job}}": 'sum by (job) (up{job=~"weir-.+"})'},
            steps=at_least(1),
            span=8,
        ),
        Number(
            title="Partitions read",
            about="Input partitions, by worker.",
            unit="short",
            queries={"{{instance}}": f"sum by (instance) (weir_assigned_partitions{{{_CHOSEN}}})"},
            span=8,
        ),
        Number(
            title="Versions in service",
            about="Workers by version of Weir and of the settings that decide alerts: two only during a roll-out.",
            unit="short",
            queries={"{{version}} settings {{config}}": f"count by (version, config) (weir_build_info{{{_CHOSEN}}})"},
            span=8,
        ),
    ),
)

PIPELINE = Board(
    uid=_UID,
    title="Weir: pipeline",
    about="Do the workers keep up, is everything durable, and does nothing get lost?",
    rows=(ANSWER, FLOW, DURABLE, STATE, PROCESS),
    choices=(Choice(label="instance", metric="weir_ready"),),
)
