import duckdb
from common import LINE, run


def answer(path):
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.execute(
        """CREATE TEMP VIEW log AS
           SELECT regexp_extract(line, $line, ['client', 'time', 'url', 'status']) AS v
           FROM read_csv($path, columns = {'line': 'VARCHAR'}, delim = '\x01', quote = '', escape = '', header = false, auto_detect = false)""".replace(
            "$line", literal(LINE)
        ).replace("$path", literal(path))
    )
    # Both counts over one reading of the log.
    connection.execute(
        """CREATE TEMP TABLE counts AS
           SELECT v.url || ' ' || v.status AS key, v.status AS status,
                  CASE WHEN v.status >= '500' THEN epoch(strptime(v.time, '%d/%b/%Y:%H:%M:%S %z'))::BIGINT // 60 END AS minute, count(*) AS n
           FROM log GROUP BY ALL"""
    )
    top = connection.execute("SELECT key, sum(n)::BIGINT AS n FROM counts GROUP BY key ORDER BY n DESC, key LIMIT 10").fetchall()
    errors = connection.execute("SELECT minute, sum(n)::BIGINT FROM counts WHERE minute IS NOT NULL GROUP BY minute").fetchall()
    return top, errors


def literal(text):
    return "'" + text.replace("'", "''") + "'"


run(answer)
