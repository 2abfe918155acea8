/** What `save` writes: text, Arrow IPC files or Parquet. Also the files' extension. */
export type FileFormat = "ndjson" | "csv" | "arrow" | "parquet"
