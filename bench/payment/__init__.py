"""``make bench-payment``: how fast payments go through, and how long VNPAY waits for the answer to its notices.

world.py   the payment service on real parts, fed with accepted dossiers as submission would say them
__main__   the measurement
"""
