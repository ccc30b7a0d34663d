"""The microservice chassis: everything a service needs around its pure decisions.

Start with `decision` (what a handler sees and returns), `fold` (the rules of one aggregate, pure) and `engine`
(load, fold, write once). Around them: `consumer` and `relay` (Kafka), `runner` (side effects), `sweeper` (what a
crash left behind and what fell due), `keyring` (personal data), `http` (doors), `service` (wiring).
"""
