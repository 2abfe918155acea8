/** Whether the kept binary is of these sources. */
export function isFresh(): boolean
