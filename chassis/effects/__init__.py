"""Side effects: which may be sent now (pure objects), what an adapter may say of a call, what a lease means.

`queue`: fairness, concurrency, rate. `circuit`: whether a partner is worth calling. `retry`: when to try again.
`leases`: the rules of effects in a document. `edge`: what adapters see. The async driver is `chassis.runner`.
"""
