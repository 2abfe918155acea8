/** What comes in time, or what there is instead. */
export function within<T, U>(ms: number, work: Promise<T>, instead: U): Promise<T | U> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<U>(resolve => {
    timer = setTimeout(resolve, ms, instead)
    timer.unref()
  })
  return Promise.race([work.catch(() => instead), late]).finally(() => clearTimeout(timer))
}
