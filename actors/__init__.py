"""The host: what a person declares, and the CPython programs that run it.

It may use libraries and imports the kernel `mp_actors`, never the other way round. Floor by floor,
a file importing only from floors below its own:

    words      problems, mesh, arguments         what is wrong; which links exist; what can travel
    declared   device, delivery                  devices and links; what a wire promises
               topology, pipeline                domains; actors and wires
               several: each, replicas           stages that are drawn as one
    read       site, device_check, check         a site file, executed; then every mistake in it
    thought    routing, resilience, costs        ways; who cuts off whom; measured delays
               placement, plan                   where things cost least; all choices made
               difference                        from one plan to another: commands
    keys       keys, keyfile, keystore, guards   who proves what to whom; on disk; at work
    action     reports, ledger, observer         what devices tell, checked; accounts
               state, maps, orders, controller   what is kept; who gets the map; roll-out; halt, end
    kept       store, kept, keeper, durability   what outlasts a kill: on disk; at work; allowed
    back       repair, renewal                   who has begun anew; what they have to be told
    devices    awaiting, loopwatch               handlers that wait; those that block
               assemble, launch, boards, accel, serial   a worker or a board on this machine
    simulated  sim                               the same devices, in virtual time
    people     client, running, asking, summary, view, plan_view, children, runner, tap
    commands   commanding, run_commands, look_commands, keys_command, cli
    measured   burst, profiling                  what gets through; figures for the planner
               measuring, profile_command        a site that runs, or is run for that
    real       flash, flash_all, doctor, board_commands   onto boards; what keeps one from working
    laboratory experiments, experiment_command    a site at every point of a grid; which place wins
    why        rollout, questions, causes         what waits; who is asked; reasons in words
               trace, asked, ask_commands         a wire hop by hop; from another terminal

    declare    site file -> Topology, Pipeline -> site.load -> check -> placement -> plan
    run        runner -> one `node` process a device, `up` for the controller's
               controller -> difference -> commands -> routers -> node actors
    see        node actors -> reports -> controller -> ledger -> summary -> view, JSON
    why        a terminal -> controller -> questions -> node actors -> journal; answers return

A site file needs only the names exported here:

    from actors import Pipeline, Topology, latest, reliable, stream

and an actor of a worker, in an `async def`, `offload`.
"""

from actors.awaiting import offload
from actors.delivery import latest, reliable, stream
from actors.pipeline import Pipeline
from actors.topology import Topology

__all__ = ["Pipeline", "Topology", "latest", "offload", "reliable", "stream"]
