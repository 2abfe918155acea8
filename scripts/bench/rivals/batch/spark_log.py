import os

os.environ["PYSPARK_PYTHON"] = "python3"

from common import LINE, run
from pyspark.sql import SparkSession, functions as f

spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.ui.enabled", "false")
    .config("spark.ui.showConsoleProgress", "false")
    .config("spark.driver.memory", "4g")
    .config("spark.sql.shuffle.partitions", "2")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")


def answer(path):
    part = lambda group: f.regexp_extract("value", LINE, group)
    parts = spark.read.text(path).select(part(2).alias("time"), part(3).alias("url"), part(4).alias("status"))
    minute = f.when(f.col("status") >= "500", f.floor(f.unix_timestamp("time", "dd/MMM/yyyy:HH:mm:ss Z") / 60))
    # Both counts over one reading of the log.
    counts = parts.groupBy(f.concat_ws(" ", "url", "status").alias("key"), minute.alias("minute")).count().cache()
    top = counts.groupBy("key").agg(f.sum("count").alias("n")).orderBy(f.desc("n"), "key").limit(10).collect()
    errors = counts.where("minute is not null").groupBy("minute").agg(f.sum("count")).collect()
    return [tuple(row) for row in top], [tuple(row) for row in errors]


run(answer)
