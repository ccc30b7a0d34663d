"""A post office with an API after MyVNPost: access token, order, order by number with its history of statuses.

Source: domain facts section 5 (fields of `postDieuTin` for the order, of MyVNPost for status and token, both marked
V; how they go together is ours). It does not drop repeated orders: whoever is not sure asks by `SoDonHang` first.
An order is either there at once when the answer is given, or never: nothing arrives later.
"""
