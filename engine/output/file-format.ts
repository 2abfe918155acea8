/** What `save` writes: text, or Arrow IPC files. Also the files' extension. */
export type FileFormat = "ndjson" | "csv" | "arrow"
