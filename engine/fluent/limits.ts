/** Over so many rows `collect` is an error with the true size, unless it or its session says another number. */
export const maxCollectRows = 100_000
