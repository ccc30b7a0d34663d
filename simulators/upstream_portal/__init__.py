"""An upstream portal: signs, encrypts and emits CloudEvents into Kafka, and reads the replies to it.

It has an independent implementation of the envelope and of JOSE on purpose: two implementations that agree are a
test of the contract.
"""
