"""Local durable state: journal, snapshots, outbox."""
