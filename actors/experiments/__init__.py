"""Experiments: a site in the simulator at every point of a grid, and what that shows.

    grid       what an experiment is: which factors take which values, and every point of that
    reader     its file, judged
    trial      one point: its profile, its placement, its simulation, its figures
    table      the results as CSV, so that what is there is not measured again
    curves     figures by factor, and where the curves of two placements cross
    plots      a picture for each factor (matplotlib, an extra)
    page       all of it as one HTML file that opens without a network
    reality    the same placements with real processes
    delayed    the lines between those, which take their time

    file -> reader -> trial -> table -> curves -> plots -> page

The planner and the simulator are told the same figures: those of the profile, with the factors of
the point. So whatever they differ in is what the planner's model leaves out, and both are shown.
"""
