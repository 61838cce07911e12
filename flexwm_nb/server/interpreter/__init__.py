"""Flows, interpreted purely: a status and an event become a new status and commands. No input or output here.

What a transition must know beyond the flow and its status (an expression's value, a step's result, a script) it asks
for: `advance` is a generator that yields questions and is sent the answers. Whoever drives it performs the commands and
stores them together with the new status in one transaction, so nothing is ever 'between steps'.

    state      the status of a flow, as Windmill writes it
    nodes      the modules of a flow, of a loop's body, of a branch
    messages   events, questions and commands
    draft      one transition in the making
    advance    which event leads where
    plan       what happens before a module starts, and its start
    steps      the jobs of scripts and flows;  loops, branches: those of modules that consist of modules
    ending     how a module and a flow end;  retry, suspend, transforms: what their names say
"""
