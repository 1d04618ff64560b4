"""Their two heuristics, re-created in our words: each is greedy, and the better answer is kept.

One operator a host; sources and consumer stay. From a query, its present places and the latencies
of this second to other places.

*Source*: the ideas of AdaptiveCEP's simulation, read in its repository.
"""


def better(query, places, latency_ms):
    """What of the two takes less time, the second one where both take the same."""
    offers = [improved(query, places, latency_ms), from_sources(query, places, latency_ms)]
    return min(offers, key=lambda offer: query.latency_ms(offer, latency_ms))


def from_sources(query, places, latency_ms):
    """Inputs first: each operator goes to the free host that is next to its farthest input."""
    free = query.free
    placed = {one: host for one, host in enumerate(places) if one not in free}
    for one in _inputs_first(query, 0):
        near = _free_hosts(latency_ms, placed.values())
        if one in free:
            placed[one] = min(near, key=lambda u: _farthest(query, one, u, placed, latency_ms))
    return [placed[one] for one in range(len(places))]


def improved(query, places, latency_ms):
    """Again and again each operator goes where its inputs and its consumer are nearer.

    None goes back to where it was before in the same search, so it ends.
    """
    places, seen = list(places), {one: {places[one]} for one in query.free}
    consumer_of = query.consumer_of
    is_changed = True
    while is_changed:
        is_changed = False
        for one in query.free:
            consumer = latency_ms[places[consumer_of[one]]]

            def through(host, one=one, consumer=consumer):
                return _farthest(query, one, host, places, latency_ms) + consumer[host]

            near = [host for host in _free_hosts(latency_ms, places) if host not in seen[one]]
            best = min(near, key=through, default=places[one])
            if through(best) < through(places[one]):
                places[one] = best
                seen[one].add(best)
                is_changed = True
    return places


def _free_hosts(latency_ms, taken):
    taken = set(taken)
    return [host for host in range(len(latency_ms)) if host not in taken]


def _farthest(query, one, host, places, latency_ms):
    return max(latency_ms[host][places[i]] for i in query.inputs[one])


def _inputs_first(query, one):
    return [j for i in query.inputs[one] for j in _inputs_first(query, i)] + [one]
