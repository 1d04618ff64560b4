"""Placement: on which device each actor runs, so that it costs least; why, and how sure that is.

    problem    model                  operators, streams, devices, links; limits; what it costs
    bounds     tree                   dynamic programming: exact for in-trees with slack
    search     state, search          annealing, standard library only, within its time
    proof      programme, milp        the optimum by HiGHS, the extra `solver`
    names      strategies             central edge random bottom-up top-down relaxation search exact
    words      explain                why there, what the next best costs, what is too little
    sites      profile, sited         what is known of a site; from a site to its places
"""
