"""Who may do what on Kafka and in the store, from what is declared; and what makes a cluster agree with it.

rights.py    Kafka: principals, rights and quotas, from the declaration of topics
cluster.py   brings a Kafka cluster to them, or says what differs
store.py     one store user a service, from the services' own databases; as commands, applied or printed
"""
