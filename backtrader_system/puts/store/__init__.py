"""The store of daily collections: Parquet partitions beside an append-only registry."""
