"""Nothing at all."""  # expect: defines no site | = Topology(…) | defines no flow | = Pipeline(…)
