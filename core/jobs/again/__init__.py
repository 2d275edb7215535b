"""Jobs made from other jobs: retried, replayed exactly, or varied; and the receipts by which that is possible."""
