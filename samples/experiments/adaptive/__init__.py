"""Placement under drift: the scenario of AdaptiveCEP, its heuristics, and ours on the same traces.

    world      drift, queries         25 hosts, latencies that drift, two queries
    who        greedy, planned        their two heuristics in our words; the planner
    figures    story, __main__        one trace lived through; the table and the picture

    python -m samples.experiments.adaptive
"""
