/** The package has no types of its own. */
declare module "pg" {
  const pg: {
    Client: new (options: {
      connectionString: string
      connectionTimeoutMillis: number
    }) => {
      connect(): Promise<void>
      query(text: string, values: readonly unknown[]): Promise<{ readonly rows: readonly Record<string, unknown>[] }>
      end(): Promise<void>
      on(event: "error", listener: () => void): void
    }
  }
  export default pg
}
