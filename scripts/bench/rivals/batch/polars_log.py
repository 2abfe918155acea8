import os

os.environ["POLARS_MAX_THREADS"] = "2"

import polars as pl
from common import LINE, run


def answer(path):
    lines = pl.scan_csv(path, has_header=False, separator="\x01", quote_char=None, new_columns=["line"])
    parts = lines.select(pl.col("line").str.extract_groups(LINE).struct.rename_fields(["client", "time", "url", "status"])).unnest("line")
    minute = (
        pl.when(pl.col("status") >= "500")
        .then(pl.col("time"))
        .str.to_datetime("%d/%b/%Y:%H:%M:%S %z", time_unit="ms")
        .dt.epoch("s")
        // 60
    )
    # Both counts over one reading of the log.
    counts = (
        parts.select(pl.concat_str(["url", "status"], separator=" ").alias("key"), minute.alias("minute"))
        .group_by("key", "minute")
        .len("n")
        .collect(engine="streaming")
    )
    top = counts.group_by("key").agg(pl.col("n").sum()).sort(["n", "key"], descending=[True, False]).head(10)
    errors = counts.drop_nulls("minute").group_by("minute").agg(pl.col("n").sum())
    return top.rows(), errors.rows()


run(answer)
