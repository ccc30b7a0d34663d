"""Notification: owns the messages to applicants, each sent at most once, by SMS and, where there is one, by e-mail.

Hears dossier, payment and delivery; says the notification stream. Aggregates: `dossiers` (whom to tell, and what was
told) and `codes` (one-time codes). Plain records: `parts` (a provider's message id: which message it is of, and what
its receipt says, in either order), `unmatched` and `doubtful` (receipts and messages that seek each other), `asked`.
"""
