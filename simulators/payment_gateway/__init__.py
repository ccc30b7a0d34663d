"""A payment gateway that speaks VNPAY 2.1.0: payment page, IPN, query and refund API.

Source: sandbox.vnpayment.vn documentation as collected in the project's domain facts (section 3.1), marks V and R
there. What the documents leave open (page texts, the exact refusal of `*`, `~` and non-ASCII values) is ours.
"""
