"""What an answer costs that does nothing but use the store: the limit beside what our services take, in the same run.

The same packages (FastAPI, uvicorn, motor), the same store, durability, rate and machine; no rules, no events, no
audit, no authentication, and the way such a service is usually written: each request makes its own calls.

__main__   the server
side.py    starts it beside what is measured, and asks it
"""
